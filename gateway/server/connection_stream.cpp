#include <boost/asio/post.hpp>

#include "gateway/server/connection.h"
#include "gateway/server/worker.h"

namespace holdfast::server {

Awaitable<void> Connection::send_stream(http::Stream& stream) {
  streaming_ = true;
  stream.attach([executor = transport_.get_executor(), weak = weak_from_this()] {
    asio::post(executor, [weak] {
      if (const auto self = weak.lock()) self->wake_.cancel();
    });
  });
  watch_for_peer();
  bool open = !worker_.draining();
  while (open && !aborted_ && !peer_spoke_) {
    const auto piece = stream.take();
    if (piece && piece->empty()) {
      enter(Phase::kHandling, std::chrono::milliseconds::max());
      co_await wait_for_answer();
      continue;
    }
    open = piece.has_value();
    frame(piece);
    // Does not move on before the peer has taken all of it: what comes meanwhile waits in the
    // stream, within its limit.
    if (!body_.empty() && !co_await send_rest(0)) break;
  }
  body_.clear();
}

// Not a parameter of the sending coroutine: g++ 12 destroys such ones twice.
void Connection::frame(const std::optional<std::string>& piece) {
  head_.clear();
  if (parser_->is_http_1_0()) {
    body_ = piece.value_or("");
  } else {
    body_ = piece ? chunk_of(*piece) : std::string(kLastChunk);
  }
}

// The peer has nothing to say until the answer ends; what comes is another request, which would
// wait for ever, or its leave.
void Connection::watch_for_peer() {
  transport_.socket().async_wait(asio::socket_base::wait_read,
                                 [weak = weak_from_this()](const ErrorCode&) {
                                   const auto self = weak.lock();
                                   if (!self) return;
                                   self->peer_spoke_ = true;
                                   self->wake_.cancel();
                                 });
}

}  // namespace holdfast::server
