#include "gateway/server/listener.h"

#include <sys/resource.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "certs/server_tls.h"
#include "gateway/base/mutex.h"
#include "gateway/base/thread_priority.h"
#include "gateway/server/worker.h"

namespace holdfast::server {
namespace {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

constexpr int kBacklog = 4096;
// The pause after a failed accept; out of descriptors, the next one would fail at once.
constexpr std::chrono::milliseconds kAcceptPause{100};

// Idle connections are descriptors, and the usual soft limit is 1,024.
void raise_open_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Where a door is, as a person wrote it.
struct Address {
  std::string host;
  std::uint16_t port = 0;
};

std::string describe_bind_error(const Address& wanted, const ErrorCode& error) {
  const auto where = "port " + std::to_string(wanted.port) + " on " + wanted.host;
  if (error == asio::error::address_in_use) {
    return where + " is already in use; is another holdfast running?";
  }
  return "cannot listen on " + where + ": " + error.message();
}

asio::ip::tcp::endpoint resolve(asio::io_context& loop, const Address& wanted) {
  ErrorCode error;
  const auto address = asio::ip::make_address(wanted.host, error);
  if (!error) return {address, wanted.port};
  asio::ip::tcp::resolver resolver(loop);
  const auto found = resolver.resolve(wanted.host, std::to_string(wanted.port), error);
  if (error || found.empty()) {
    throw StartupError("cannot listen on " + wanted.host + ": it is no address of this machine");
  }
  return found.begin()->endpoint();
}

void open(Acceptor& acceptor, const Address& wanted, const asio::ip::tcp::endpoint& endpoint) {
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  // Lets a restart bind while old connections are in TIME_WAIT; Linux still refuses the port of a
  // live listener.
  if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) throw StartupError(describe_bind_error(wanted, error));
}

// A port that connections come in by; `tls` = null: without TLS.
struct Door {
  Acceptor acceptor;  // on the first worker's loop
  certs::ServerTls* tls = nullptr;
  std::uint16_t port = 0;
};

}  // namespace

struct Listener::State {
  State(const ListenerOptions& options, http::Handler& handler, std::shared_ptr<Logger> logger,
        certs::ServerTls* server_tls)
      : service(options, handler, std::move(logger)), tls(server_tls) {
    for (unsigned i = 0; i < std::max(1U, options.threads); ++i) {
      workers.push_back(std::make_unique<Worker>(service));
    }
  }

  void bind(const Address& wanted, certs::ServerTls* door_tls);
  void run(Worker& worker);
  Awaitable<void> accept(Door& door);
  void deal_safely(Socket socket, Worker& worker, const Door& door);
  void deal(Socket socket, Worker& worker, const Door& door);
  void wait_for_workers();

  const Service service;
  std::vector<std::unique_ptr<Worker>> workers;
  certs::ServerTls* const tls;
  std::vector<std::unique_ptr<Door>> doors;  // HTTP, then HTTPS
  std::vector<std::thread> threads;

  Mutex mutex;
  Condition worker_ended;
  std::size_t running HF_GUARDED_BY(mutex) = 0;
};

void Listener::State::bind(const Address& wanted, certs::ServerTls* door_tls) {
  auto& loop = workers.front()->loop();
  const auto endpoint = resolve(loop, wanted);
  auto door = std::make_unique<Door>(Door{Acceptor(loop), door_tls});
  open(door->acceptor, wanted, endpoint);
  door->port = door->acceptor.local_endpoint().port();
  doors.push_back(std::move(door));
}

void Listener::State::run(Worker& worker) {
  worker.run();
  MutexLock lock(mutex);
  --running;
  worker_ended.notify_all();
}

Awaitable<void> Listener::State::accept(Door& door) {
  Timer pause(workers.front()->loop());
  for (std::size_t turn = 0; door.acceptor.is_open(); ++turn) {
    auto& worker = *workers[turn % workers.size()];
    auto [error, socket] = co_await door.acceptor.async_accept(worker.loop(), kAsTuple);
    if (!error) {
      deal_safely(std::move(socket), worker, door);
    } else if (error != asio::error::operation_aborted) {
      service.logger->warn("accept_failed error={}", error.message());
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kAsTuple);
    }
  }
}

// One connection that cannot be taken is no reason to take no more.
void Listener::State::deal_safely(Socket socket, Worker& worker, const Door& door) {
  try {
    deal(std::move(socket), worker, door);
  } catch (const std::exception& fault) {
    service.logger->error("accept_fault reason={}", fault.what());
  }
}

void Listener::State::deal(Socket socket, Worker& worker, const Door& door) {
  std::size_t open = 0;
  for (const auto& each : workers) open += each->connections();
  if (open >= service.options.max_connections) {
    service.logger->warn("connection_refused open={}", open);
    return;
  }
  certs::Session session;
  if (door.tls != nullptr) {
    session = door.tls->new_session();
    // Never without TLS what asked for it.
    if (!session) return;
  }
  worker.adopt(std::move(socket), std::move(session));
}

void Listener::State::wait_for_workers() {
  const auto end = std::chrono::steady_clock::now() + service.options.shutdown_grace;
  MutexLock lock(mutex);
  while (running > 0) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) return;
    worker_ended.wait_for(mutex, left);
  }
}

Listener::Listener(const ListenerOptions& options, http::Handler& handler,
                   std::shared_ptr<Logger> logger, certs::ServerTls* tls)
    : state_(std::make_unique<State>(options, handler, std::move(logger), tls)) {}

Listener::~Listener() { stop(); }

void Listener::start() {
  raise_open_files();
  const auto& options = state_->service.options;
  state_->bind({options.host, options.port}, nullptr);
  if (state_->tls != nullptr) state_->bind({options.tls_host, options.tls_port}, state_->tls);
  for (const auto& door : state_->doors) {
    asio::co_spawn(state_->workers.front()->loop(), state_->accept(*door), asio::detached);
  }
  {
    MutexLock lock(state_->mutex);
    state_->running = state_->workers.size();
  }
  for (const auto& worker : state_->workers) {
    state_->threads.emplace_back([this, &worker = *worker] {
      ask_for_short_turns();
      state_->run(worker);
    });
  }
}

std::uint16_t Listener::port() const {
  return state_->doors.empty() ? std::uint16_t{0} : state_->doors.front()->port;
}

std::uint16_t Listener::tls_port() const {
  return state_->doors.size() < 2 ? std::uint16_t{0} : state_->doors.back()->port;
}

void Listener::stop() {
  if (state_->threads.empty()) return;
  asio::post(state_->workers.front()->loop(), [this] {
    ErrorCode ignored;
    for (const auto& door : state_->doors) door->acceptor.close(ignored);
  });
  for (const auto& worker : state_->workers) worker->drain();
  state_->wait_for_workers();
  for (const auto& worker : state_->workers) worker->abort();
  for (auto& thread : state_->threads) thread.join();
  state_->threads.clear();
}

}  // namespace holdfast::server
