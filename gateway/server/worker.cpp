#include "gateway/server/worker.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

namespace holdfast::server {
namespace {

// Deadlines closer together than this are looked at together.
constexpr std::chrono::milliseconds kSweepStep{20};

}  // namespace

Worker::Worker(const Service& service)
    : service_(service), loop_(1), work_(loop_.get_executor()), timer_(loop_) {}

Worker::~Worker() = default;

void Worker::run() { loop_.run(); }

void Worker::adopt(Socket socket, certs::Session session) {
  asio::post(loop_, [this, taken = std::move(socket), tls = std::move(session)]() mutable {
    start(std::move(taken), std::move(tls));
  });
}

void Worker::start(Socket socket, certs::Session session) {
  if (draining_) return;
  auto connection =
      std::make_shared<Connection>(std::move(socket), std::move(session), *this, service_);
  const auto on_end = [logger = service_.logger](const std::exception_ptr& fault) {
    if (!fault) return;
    try {
      std::rethrow_exception(fault);
    } catch (const std::exception& e) {
      logger->error("connection_failed error={}", e.what());
    }
  };
  asio::co_spawn(loop_, Connection::run(std::move(connection)), on_end);
}

void Worker::drain() {
  asio::post(loop_, [this] {
    draining_ = true;
    for (auto* connection : connections_) connection->begin_drain();
    work_.reset();
    if (connections_.empty()) timer_.cancel();
  });
}

void Worker::abort() {
  asio::post(loop_, [this] {
    for (auto* connection : connections_) connection->abort();
  });
}

void Worker::add(Connection& connection) {
  connections_.insert(&connection);
  count_.store(connections_.size(), std::memory_order_relaxed);
}

void Worker::remove(Connection& connection) {
  connections_.erase(&connection);
  count_.store(connections_.size(), std::memory_order_relaxed);
  // The timer is then all that keeps the loop from ending.
  if (draining_ && connections_.empty()) timer_.cancel();
}

void Worker::watch(MonotonicTime deadline) {
  if (deadline < next_sweep_) arm(deadline);
}

void Worker::arm(MonotonicTime time) {
  next_sweep_ = time;
  timer_.expires_at(time);
  timer_.async_wait([this](const ErrorCode& error) {
    if (!error) sweep();
  });
}

void Worker::sweep() {
  const auto now = std::chrono::steady_clock::now();
  auto next = MonotonicTime::max();
  for (auto* connection : connections_) {
    if (connection->deadline() <= now) {
      connection->expire();
    } else {
      next = std::min(next, connection->deadline());
    }
  }
  next_sweep_ = MonotonicTime::max();
  if (next != MonotonicTime::max()) arm(std::max(next, now + kSweepStep));
}

}  // namespace holdfast::server
