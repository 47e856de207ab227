#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "gateway/server/connection.h"
#include "gateway/server/worker.h"

namespace holdfast::server {

// What Beast asks of a stream that it did not make: how to end it.
template <typename Handler>
void async_teardown(boost::beast::role_type, Transport& transport, Handler&& handler) {
  ErrorCode error;
  transport.socket().shutdown(asio::socket_base::shutdown_both, error);
  asio::post(transport.get_executor(),
             [handler = std::forward<Handler>(handler), error]() mutable { handler(error); });
}
void beast_close_socket(Transport& transport) {
  ErrorCode ignored;
  transport.socket().close(ignored);
}

namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

// More than any message of the Realtime protocol.
constexpr std::size_t kLargestMessage = 3 * 1024 * 1024;
constexpr std::chrono::seconds kHandshake{10};
// Half of it without a sign of life, and the peer is asked for one.
constexpr std::chrono::seconds kSilence{120};

}  // namespace

struct Connection::Upgraded {
  Upgraded(Transport& transport, Executor loop) : stream(transport), sent(loop) {}

  websocket::stream<Transport&, false> stream;  // without compression, which is never agreed on
  Timer sent;                                   // cancelled when the sending has ended
  bool sending = true;
  beast::flat_buffer message;
};

std::optional<Connection::Upgrade> Connection::upgrade_of(const http::Request& request) {
  const auto field = [&](const char* name) {
    return std::string(request.headers.find(name).value_or(""));
  };
  if (!http::equals_ignoring_case(field("Upgrade"), "websocket")) return std::nullopt;
  return Upgrade{request.target, field("Host"), field("Connection"), field("Sec-WebSocket-Key"),
                 field("Sec-WebSocket-Version")};
}

Awaitable<void> Connection::serve_web_socket() {
  upgraded_ = std::make_shared<Upgraded>(transport_, worker_.loop().get_executor());
  auto& stream = upgraded_->stream;
  stream.set_option(websocket::stream_base::timeout{kHandshake, kSilence, true});
  stream.set_option(websocket::stream_base::decorator([](websocket::response_type& answer) {
    answer.set(beast::http::field::server, "holdfast");
  }));
  stream.read_message_max(kLargestMessage);
  streaming_ = true;
  enter(Phase::kHandling, std::chrono::milliseconds::max());
  beast::http::request<beast::http::empty_body> head(beast::http::verb::get, upgrade_->target, 11);
  head.set(beast::http::field::host, upgrade_->host);
  head.set(beast::http::field::upgrade, "websocket");
  head.set(beast::http::field::connection, upgrade_->connection);
  head.set(beast::http::field::sec_websocket_key, upgrade_->key);
  head.set(beast::http::field::sec_websocket_version, upgrade_->version);
  // A request that is none, by its other lines, is answered 400 by the library.
  const auto [refused] = co_await stream.async_accept(head, kAsTuple);
  if (!refused && !aborted_) {
    web_socket_->attach([executor = transport_.get_executor(), weak = weak_from_this()] {
      asio::post(executor, [weak] {
        if (const auto self = weak.lock()) self->wake_.cancel();
      });
    });
    asio::co_spawn(worker_.loop(), send_messages(shared_from_this()), asio::detached);
    co_await receive_messages();
    web_socket_->end();
    wake_.cancel();
    while (upgraded_->sending) {
      upgraded_->sent.expires_at(MonotonicTime::max());
      co_await upgraded_->sent.async_wait(kAsTuple);
    }
  }
  web_socket_->detach();
}

Awaitable<void> Connection::receive_messages() {
  auto& stream = upgraded_->stream;
  auto& buffer = upgraded_->message;
  while (!aborted_) {
    const auto [error, count] = co_await stream.async_read(buffer, kAsTuple);
    if (error) break;
    const auto bytes = buffer.data();
    web_socket_->receive(
        {std::string(static_cast<const char*>(bytes.data()), bytes.size()), stream.got_binary()});
    buffer.consume(buffer.size());
    buffer.shrink_to_fit();
  }
}

// Beside the receiving, until the peer has gone or the answering side has ended it.
Awaitable<void> Connection::send_messages(std::shared_ptr<Connection> self) {
  Upgraded& upgraded = *self->upgraded_;
  bool ok = true;
  while (ok && !self->aborted_) {
    auto messages = self->web_socket_->take();
    if (!messages) break;
    if (messages->empty()) {
      co_await self->wait_for_answer();
      continue;
    }
    for (const http::Message& message : *messages) {
      if (!ok) break;
      upgraded.stream.binary(message.binary);
      const auto [error, count] =
          co_await upgraded.stream.async_write(asio::buffer(message.data), kAsTuple);
      ok = !error;
    }
  }
  // Ends the receiving, too.
  if (!self->aborted_) {
    co_await upgraded.stream.async_close(websocket::close_code::going_away, kAsTuple);
  }
  upgraded.sending = false;
  upgraded.sent.cancel();
}

}  // namespace holdfast::server
