#include "gateway/server/websocket_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <deque>
#include <optional>

#include "gateway/crypto/pin.h"
#include "gateway/server/transport.h"
#include "gateway/server/web_socket_stream.h"

namespace holdfast::server {
namespace {

namespace ssl = asio::ssl;

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

// More is no event that anybody waits for.
constexpr std::size_t kLargestMessage = 16 * 1024 * 1024;
// Messages that wait to be written; a peer that takes none is gone.
constexpr std::size_t kMostWaiting = 1'000;
// Without a word from the peer for so long it is pinged, and given up after as long again.
constexpr std::chrono::seconds kSilence{30};

struct RemoteAddress {
  bool tls = false;
  std::string authority;  // as the URL names the place
  std::string host;
  std::string port;
  std::string target;
};

bool is_name(const std::string& host) {
  ErrorCode no_address;
  asio::ip::make_address(host, no_address);
  return bool(no_address);
}

std::optional<RemoteAddress> parse_address(std::string_view url) {
  RemoteAddress address;
  const auto end = url.find("://");
  if (end == url.npos) return std::nullopt;
  const std::string_view scheme = url.substr(0, end);
  address.tls = scheme == "wss" || scheme == "https";
  if (!address.tls && scheme != "ws" && scheme != "http") return std::nullopt;
  url.remove_prefix(end + 3);
  const auto path = std::min(url.find('/'), url.size());
  address.target = path == url.size() ? "/" : url.substr(path);
  std::string_view place = url.substr(0, path);
  address.authority = place;
  const auto bracket = place.find(']');
  const auto colon = place.find(':', bracket == place.npos ? 0 : bracket);
  address.port = colon == place.npos ? (address.tls ? "443" : "80") : place.substr(colon + 1);
  place = place.substr(0, colon);
  if (place.starts_with('[') && place.ends_with(']')) place = place.substr(1, place.size() - 2);
  address.host = place;
  if (address.host.empty()) return std::nullopt;
  return address;
}

void trust(ssl::context& context, const WebSocketOptions& options, const std::string& host) {
  if (options.ca_file.empty()) {
    context.set_default_verify_paths();
  } else {
    context.load_verify_file(options.ca_file);
  }
  context.set_verify_mode(ssl::verify_peer);
  context.set_verify_callback(ssl::host_name_verification(host));
  if (!options.pins.empty()) crypto::require_pins(context.native_handle(), options.pins);
}

// TLS with `host`; null: it cannot be begun.
certs::Session new_session(ssl::context& context, const std::string& host) {
  certs::Session session(SSL_new(context.native_handle()));
  // An address is no server name (RFC 6066 3).
  const bool named = session && is_name(host);
  if (named && SSL_set_tlsext_host_name(session.get(), host.c_str()) != 1) return nullptr;
  return session;
}

}  // namespace

// One run(): its loop, and what is on it.
class WebSocketClient::Connection {
 public:
  Connection(const WebSocketOptions& options, const WebSocketEvents& events, RemoteAddress address)
      : options_(options), events_(events), address_(std::move(address)) {}

  // Blocking.
  End run();
  // On any thread, while this lives.
  void post(std::string text) {
    asio::post(loop_, [this, text = std::move(text)]() mutable { send(std::move(text)); });
  }
  void stop() { loop_.stop(); }

 private:
  Awaitable<void> serve();
  Awaitable<bool> open();
  Awaitable<bool> connect(Socket& socket);
  Awaitable<bool> shake_hands();
  Awaitable<void> write();
  Awaitable<void> tick();
  void end(const std::exception_ptr& fault);
  bool succeeded(ErrorCode error);
  void send(std::string text);

  asio::io_context loop_;
  const WebSocketOptions& options_;
  const WebSocketEvents& events_;
  const RemoteAddress address_;
  ssl::context context_{ssl::context::tls_client};
  std::optional<Transport> transport_;
  std::optional<WebSocketStream> stream_;
  std::deque<http::Message> waiting_;  // the first is being written, while it is open
  Timer timer_{loop_};
  bool late_ = false;  // closed before it was open
  std::exception_ptr fault_;
  End end_;
};

WebSocketClient::End WebSocketClient::Connection::run() {
  if (address_.tls) trust(context_, options_, address_.host);
  asio::co_spawn(loop_, serve(), [this](const std::exception_ptr& thrown) { end(thrown); });
  loop_.run();
  if (fault_) std::rethrow_exception(fault_);
  return std::move(end_);
}

Awaitable<void> WebSocketClient::Connection::serve() {
  end_.opened = co_await open();
  if (end_.opened) {
    if (!waiting_.empty()) asio::co_spawn(loop_, write(), asio::detached);
    asio::co_spawn(loop_, tick(), [this](const std::exception_ptr& thrown) {
      if (thrown) end(thrown);
    });
    events_.opened();
    for (;;) {
      const auto [error, message] = co_await stream_->read();
      if (!succeeded(error)) break;
      if (!message.binary) events_.received(message.data);
    }
  }
}

// Its timers may still run.
void WebSocketClient::Connection::end(const std::exception_ptr& fault) {
  if (!fault_) fault_ = fault;
  loop_.stop();
}

Awaitable<bool> WebSocketClient::Connection::open() {
  Socket socket(loop_);
  timer_.expires_after(options_.connect_timeout);
  timer_.async_wait([&](ErrorCode cancelled) {
    if (cancelled || stream_) return;
    late_ = true;
    ErrorCode ignored;
    (transport_ ? transport_->socket() : socket).close(ignored);
  });
  const bool connected = co_await connect(socket);
  timer_.cancel();
  if (!connected) co_return false;
  const bool open = co_await shake_hands();
  co_return open;
}

Awaitable<bool> WebSocketClient::Connection::connect(Socket& socket) {
  Resolver resolver(loop_.get_executor());
  const auto [unknown, places] =
      co_await resolver.async_resolve(address_.host, address_.port, kAsTuple);
  if (!succeeded(unknown)) co_return false;
  const auto [away, place] = co_await asio::async_connect(socket, places, kAsTuple);
  if (!succeeded(away)) co_return false;
  if (!address_.tls) {
    transport_.emplace(std::move(socket), nullptr);
    co_return true;
  }
  auto session = new_session(context_, address_.host);
  if (!session) {
    end_.reason = "the host's name cannot be told";
    co_return false;
  }
  transport_.emplace(std::move(socket), std::move(session));
  const auto [refused] = co_await transport_->async_handshake(ssl::stream_base::client, kAsTuple);
  co_return succeeded(refused);
}

Awaitable<bool> WebSocketClient::Connection::shake_hands() {
  stream_.emplace(*transport_,
                  WebSocketLimits{kLargestMessage, options_.connect_timeout, kSilence});
  const auto [error, refusal] = co_await stream_->shake_hands(address_.authority, address_.target);
  end_.status = refusal;
  co_return succeeded(error);
}

bool WebSocketClient::Connection::succeeded(ErrorCode error) {
  if (error) end_.reason = late_ ? "no answer in time" : error.message();
  return !error;
}

void WebSocketClient::Connection::send(std::string text) {
  if (waiting_.size() >= kMostWaiting) return loop_.stop();
  waiting_.push_back({std::move(text), false});
  if (end_.opened && waiting_.size() == 1) asio::co_spawn(loop_, write(), asio::detached);
}

Awaitable<void> WebSocketClient::Connection::write() {
  while (!waiting_.empty()) {
    const ErrorCode error = co_await stream_->write(waiting_.front());
    if (error) co_return;
    waiting_.pop_front();
  }
}

Awaitable<void> WebSocketClient::Connection::tick() {
  for (;;) {
    timer_.expires_after(options_.tick_interval);
    const auto [ended] = co_await timer_.async_wait(kAsTuple);
    if (ended) co_return;
    events_.tick();
  }
}

WebSocketClient::WebSocketClient() = default;
WebSocketClient::~WebSocketClient() { stop(); }

WebSocketClient::End WebSocketClient::run(const WebSocketOptions& options,
                                          const WebSocketEvents& events) {
  auto address = parse_address(options.url);
  if (!address) return {false, 0, "no WebSocket address: " + options.url};
  const auto connection = std::make_shared<Connection>(options, events, *std::move(address));
  {
    MutexLock lock(mutex_);
    if (stopped_) return {};
    connection_ = connection;
  }
  End end = connection->run();
  MutexLock lock(mutex_);
  connection_.reset();
  return end;
}

void WebSocketClient::send(std::string text) {
  MutexLock lock(mutex_);
  if (connection_) connection_->post(std::move(text));
}

void WebSocketClient::stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  if (connection_) connection_->stop();
}

}  // namespace holdfast::server
