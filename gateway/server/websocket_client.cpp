#include "gateway/server/websocket_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <optional>

#include "gateway/crypto/pin.h"
#include "gateway/server/asio_types.h"

namespace holdfast::server {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
namespace ssl = asio::ssl;

using Tcp = beast::basic_stream<asio::ip::tcp, Executor>;
// Without compression, which is never agreed on.
template <typename Stream>
using WebSocket = websocket::stream<Stream, false>;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

// More is no event that anybody waits for.
constexpr std::size_t kLargestMessage = 16 * 1024 * 1024;
// Messages that wait to be written; a peer that takes none is gone.
constexpr std::size_t kMostWaiting = 1'000;
// Without a word from the peer for so long it is pinged, and given up after as long again.
constexpr std::chrono::seconds kSilence{30};

struct Address {
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

std::optional<Address> parse_address(std::string_view url) {
  Address address;
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

}  // namespace

// The loop of one run(), and what is written on it.
struct WebSocketClient::Connection {
  asio::io_context loop;
  std::deque<std::string> waiting;
  std::function<void()> write_next = [] {};  // writes the first that waits, while it is open

  void send(std::string text) {
    if (waiting.size() >= kMostWaiting) return loop.stop();
    waiting.push_back(std::move(text));
    if (waiting.size() == 1) write_next();
  }
};

namespace {

template <typename Stream>
class Session {
 public:
  Session(asio::io_context& loop, std::deque<std::string>& waiting,
          std::function<void()>& write_next, const WebSocketOptions& options,
          const WebSocketEvents& events, WebSocketClient::End& end, WebSocket<Stream> stream)
      : loop_(loop),
        waiting_(waiting),
        write_next_(write_next),
        options_(options),
        events_(events),
        end_(end),
        stream_(std::move(stream)),
        timer_(loop) {}

  Awaitable<void> run(Address address) {
    co_await open(address);
    if (!end_.opened) co_return loop_.stop();  // its timers may still run
    write_next_ = [this] { write(); };
    if (!waiting_.empty()) write();
    asio::co_spawn(loop_, tick(), asio::detached);
    events_.opened();
    beast::flat_buffer buffer;
    for (;;) {
      const auto [error, size] = co_await stream_.async_read(buffer, kAsTuple);
      if (error) {
        end_.reason = error.message();
        break;
      }
      const auto text = buffer.cdata();
      if (stream_.got_text()) {
        events_.received({static_cast<const char*>(text.data()), text.size()});
      }
      buffer.consume(size);
    }
    write_next_ = [] {};
    loop_.stop();
  }

 private:
  Awaitable<void> open(const Address& address) {
    Resolver resolver(loop_.get_executor());
    auto& tcp = beast::get_lowest_layer(stream_);
    tcp.expires_after(options_.connect_timeout);
    const auto [unknown, places] =
        co_await resolver.async_resolve(address.host, address.port, kAsTuple);
    if (unknown) co_return fail(unknown);
    const auto [away, place] = co_await tcp.async_connect(places, kAsTuple);
    if (away) co_return fail(away);
    tcp.expires_after(options_.connect_timeout);
    if constexpr (!std::is_same_v<Stream, Tcp>) {
      // An address is no server name (RFC 6066 3).
      if (is_name(address.host) && SSL_set_tlsext_host_name(stream_.next_layer().native_handle(),
                                                            address.host.c_str()) != 1) {
        end_.reason = "the host's name cannot be told";
        co_return;
      }
      const auto [refused] =
          co_await stream_.next_layer().async_handshake(ssl::stream_base::client, kAsTuple);
      if (refused) co_return fail(refused);
    }
    tcp.expires_never();
    co_await shake_hands(address);
  }

  Awaitable<void> shake_hands(const Address& address) {
    stream_.set_option(websocket::stream_base::timeout{options_.connect_timeout, kSilence, true});
    stream_.read_message_max(kLargestMessage);
    websocket::response_type response;
    const auto [error] =
        co_await stream_.async_handshake(response, address.authority, address.target, kAsTuple);
    if (error) {
      if (error == websocket::error::upgrade_declined) {
        end_.status = static_cast<int>(response.result_int());
      }
      co_return fail(error);
    }
    stream_.text(true);
    end_.opened = true;
  }

  void fail(ErrorCode error) { end_.reason = error.message(); }

  void write() {
    stream_.async_write(asio::buffer(waiting_.front()), [this](ErrorCode error, std::size_t) {
      if (error) return;
      waiting_.pop_front();
      if (!waiting_.empty()) write();
    });
  }

  Awaitable<void> tick() {
    for (;;) {
      timer_.expires_after(options_.tick_interval);
      const auto [ended] = co_await timer_.async_wait(kAsTuple);
      if (ended) co_return;
      events_.tick();
    }
  }

  asio::io_context& loop_;
  std::deque<std::string>& waiting_;
  std::function<void()>& write_next_;
  const WebSocketOptions& options_;
  const WebSocketEvents& events_;
  WebSocketClient::End& end_;
  WebSocket<Stream> stream_;
  Timer timer_;
};

template <typename Stream>
void serve(Session<Stream>& session, asio::io_context& loop, Address address) {
  std::exception_ptr fault;
  asio::co_spawn(loop, session.run(std::move(address)),
                 [&](const std::exception_ptr& thrown) { fault = thrown; });
  loop.run();
  if (fault) std::rethrow_exception(fault);
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

}  // namespace

WebSocketClient::WebSocketClient() = default;
WebSocketClient::~WebSocketClient() { stop(); }

WebSocketClient::End WebSocketClient::run(const WebSocketOptions& options,
                                          const WebSocketEvents& events) {
  End end;
  auto address = parse_address(options.url);
  if (!address) {
    end.reason = "no WebSocket address: " + options.url;
    return end;
  }
  const auto connection = std::make_shared<Connection>();
  {
    MutexLock lock(mutex_);
    if (stopped_) return end;
    connection_ = connection;
  }
  asio::io_context& loop = connection->loop;
  if (address->tls) {
    ssl::context context(ssl::context::tls_client);
    trust(context, options, address->host);
    Session<beast::ssl_stream<Tcp>> session(loop, connection->waiting, connection->write_next,
                                            options, events, end,
                                            WebSocket<beast::ssl_stream<Tcp>>(Tcp(loop), context));
    serve(session, loop, *std::move(address));
  } else {
    Session<Tcp> session(loop, connection->waiting, connection->write_next, options, events, end,
                         WebSocket<Tcp>(Tcp(loop)));
    serve(session, loop, *std::move(address));
  }
  MutexLock lock(mutex_);
  connection_.reset();
  return end;
}

void WebSocketClient::send(std::string text) {
  MutexLock lock(mutex_);
  if (!connection_) return;
  // It runs in run() or not at all, where the connection is.
  asio::post(connection_->loop, [connection = connection_.get(), text = std::move(text)]() mutable {
    connection->send(std::move(text));
  });
}

void WebSocketClient::stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  if (connection_) connection_->loop.stop();
}

}  // namespace holdfast::server
