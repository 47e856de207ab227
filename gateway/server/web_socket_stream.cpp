#include "gateway/server/web_socket_stream.h"

#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <functional>

#include "gateway/server/transport.h"

namespace holdfast::server {
namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

// The transport as Beast's WebSocket sees it. Handlers lose their types here, or each of the
// library's operations is compiled once more for each way below it.
class Wire {
 public:
  using executor_type = Executor;
  using Done = std::function<void(ErrorCode, std::size_t)>;

  explicit Wire(Transport& transport) : transport_(transport) {}
  executor_type get_executor() { return transport_.get_executor(); }
  Socket& socket() { return transport_.socket(); }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [this](auto handler, const Buffers& space) {
          read({asio::buffer_sequence_begin(space), asio::buffer_sequence_end(space)},
               untyped(std::move(handler)));
        },
        token, buffers);
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [this](auto handler, const Buffers& bytes) {
          write({asio::buffer_sequence_begin(bytes), asio::buffer_sequence_end(bytes)},
                untyped(std::move(handler)));
        },
        token, buffers);
  }

 private:
  // Handlers are moved, and a function must be copied. They run where the transport's do: all is of
  // one loop.
  template <typename Handler>
  static Done untyped(Handler handler) {
    return [kept = std::make_shared<Handler>(std::move(handler))](ErrorCode error,
                                                                  std::size_t count) mutable {
      Handler own(std::move(*kept));  // it may begin the next operation, and end this one's memory
      kept.reset();
      std::move(own)(error, count);
    };
  }
  void read(const std::vector<asio::mutable_buffer>& space, Done done) {
    transport_.async_read_some(space, std::move(done));
  }
  void write(const std::vector<asio::const_buffer>& bytes, Done done) {
    transport_.async_write_some(bytes, std::move(done));
  }

  Transport& transport_;
};

// What Beast asks of a stream that it did not make: how to end it.
template <typename Handler>
void async_teardown(beast::role_type, Wire& wire, Handler&& handler) {
  ErrorCode error;
  wire.socket().shutdown(asio::socket_base::shutdown_both, error);
  asio::post(wire.get_executor(),
             [handler = std::forward<Handler>(handler), error]() mutable { handler(error); });
}
void beast_close_socket(Wire& wire) {
  ErrorCode ignored;
  wire.socket().close(ignored);
}

}  // namespace

struct WebSocketStream::Inside {
  explicit Inside(Transport& transport) : stream(transport) {}

  websocket::stream<Wire, false> stream;
  beast::flat_buffer buffer;
};

WebSocketStream::WebSocketStream(Transport& transport, const WebSocketLimits& limits)
    : inside_(std::make_unique<Inside>(transport)) {
  auto& stream = inside_->stream;
  stream.set_option(websocket::stream_base::timeout{limits.handshake, limits.silence, true});
  stream.set_option(websocket::stream_base::decorator([](websocket::response_type& answer) {
    answer.set(beast::http::field::server, "holdfast");
  }));
  stream.read_message_max(limits.largest_message);
}

WebSocketStream::~WebSocketStream() = default;

Awaitable<ErrorCode> WebSocketStream::accept(const Upgrade& upgrade) {
  beast::http::request<beast::http::empty_body> head(beast::http::verb::get, upgrade.target, 11);
  head.set(beast::http::field::host, upgrade.host);
  head.set(beast::http::field::upgrade, "websocket");
  head.set(beast::http::field::connection, upgrade.connection);
  head.set(beast::http::field::sec_websocket_key, upgrade.key);
  head.set(beast::http::field::sec_websocket_version, upgrade.version);
  const auto [error] = co_await inside_->stream.async_accept(head, kAsTuple);
  co_return error;
}

Awaitable<WebSocketStream::Shaken> WebSocketStream::shake_hands(std::string authority,
                                                                std::string target) {
  websocket::response_type answer;
  const auto [error] =
      co_await inside_->stream.async_handshake(answer, authority, target, kAsTuple);
  const bool refused = error == websocket::error::upgrade_declined;
  co_return Shaken{error, refused ? static_cast<int>(answer.result_int()) : 0};
}

Awaitable<WebSocketStream::Received> WebSocketStream::read() {
  auto& [stream, buffer] = *inside_;
  const auto [error, count] = co_await stream.async_read(buffer, kAsTuple);
  if (error) co_return Received{error, {}};
  const auto bytes = buffer.cdata();
  http::Message message{std::string(static_cast<const char*>(bytes.data()), bytes.size()),
                        stream.got_binary()};
  buffer.consume(buffer.size());
  buffer.shrink_to_fit();
  co_return Received{{}, std::move(message)};
}

Awaitable<ErrorCode> WebSocketStream::write(const http::Message& message) {
  inside_->stream.binary(message.binary);
  const auto [error, count] =
      co_await inside_->stream.async_write(asio::buffer(message.data), kAsTuple);
  co_return error;
}

Awaitable<void> WebSocketStream::close() {
  co_await inside_->stream.async_close(websocket::close_code::going_away, kAsTuple);
}

}  // namespace holdfast::server
