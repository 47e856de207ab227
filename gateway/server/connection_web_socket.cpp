#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "gateway/server/connection.h"
#include "gateway/server/web_socket_stream.h"
#include "gateway/server/worker.h"

namespace holdfast::server {
namespace {

// More than any message of the Realtime protocol.
constexpr WebSocketLimits kLimits{3 * 1024 * 1024, std::chrono::seconds(10),
                                  std::chrono::seconds(120)};

}  // namespace

struct Connection::Upgraded {
  Upgraded(Transport& transport, const Executor& loop) : stream(transport, kLimits), sent(loop) {}

  WebSocketStream stream;
  Timer sent;  // cancelled when the sending has ended
  bool sending = true;
};

std::optional<Upgrade> Connection::upgrade_of(const http::Request& request) {
  const auto field = [&](const char* name) {
    return std::string(request.headers.find(name).value_or(""));
  };
  if (!http::equals_ignoring_case(field("Upgrade"), "websocket")) return std::nullopt;
  return Upgrade{request.target, field("Host"), field("Connection"), field("Sec-WebSocket-Key"),
                 field("Sec-WebSocket-Version")};
}

Awaitable<void> Connection::serve_web_socket() {
  upgraded_ = std::make_shared<Upgraded>(transport_, worker_.loop().get_executor());
  streaming_ = true;
  enter(Phase::kHandling, std::chrono::milliseconds::max());
  const ErrorCode refused = co_await upgraded_->stream.accept(*upgrade_);
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
  while (!aborted_) {
    auto [error, message] = co_await upgraded_->stream.read();
    if (error || !take_message(std::move(message))) break;
  }
}

bool Connection::take_message(http::Message message) {
  try {
    web_socket_->receive(std::move(message));
    return true;
  } catch (const std::exception& fault) {
    service_.logger->error("web_socket_fault reason={}", fault.what());
    return false;
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
      const ErrorCode error = co_await upgraded.stream.write(message);
      ok = !error;
    }
  }
  // Ends the receiving, too.
  if (!self->aborted_) co_await upgraded.stream.close();
  upgraded.sending = false;
  upgraded.sent.cancel();
}

}  // namespace holdfast::server
