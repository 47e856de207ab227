#include "gateway/http/web_socket.h"

namespace holdfast::http {

WebSocket::~WebSocket() { detach(); }

bool WebSocket::send(Message message) {
  MutexLock lock(mutex_);
  if (ended_) return false;
  bytes_ += message.data.size();
  if (bytes_ > limit_) {
    ended_ = true;
    waiting_.clear();
  } else {
    waiting_.push_back(std::move(message));
  }
  if (wake_) wake_();
  return !ended_;
}

void WebSocket::end() {
  MutexLock lock(mutex_);
  ended_ = true;
  if (wake_) wake_();
}

void WebSocket::attach(std::function<void()> wake) {
  MutexLock lock(mutex_);
  wake_ = std::move(wake);
}

void WebSocket::detach() {
  {
    MutexLock lock(mutex_);
    wake_ = nullptr;
    ended_ = true;
    waiting_.clear();
    if (std::exchange(detached_, true)) return;
  }
  if (handler_) handler_->closed();
}

std::optional<std::deque<Message>> WebSocket::take() {
  MutexLock lock(mutex_);
  if (waiting_.empty() && ended_) return std::nullopt;
  bytes_ = 0;
  return std::exchange(waiting_, {});
}

}  // namespace holdfast::http
