#include "gateway/http/stream.h"

#include <utility>

namespace holdfast::http {

bool Stream::write(std::string_view piece) {
  MutexLock lock(mutex_);
  if (ended_) return false;
  if (waiting_.size() + piece.size() > limit_) {
    ended_ = true;
    waiting_.clear();
  } else {
    waiting_ += piece;
  }
  if (wake_) wake_();
  return !ended_;
}

void Stream::end() {
  MutexLock lock(mutex_);
  ended_ = true;
  if (wake_) wake_();
}

bool Stream::ended() const {
  MutexLock lock(mutex_);
  return ended_;
}

void Stream::attach(std::function<void()> wake) {
  MutexLock lock(mutex_);
  wake_ = std::move(wake);
}

void Stream::detach() {
  MutexLock lock(mutex_);
  wake_ = nullptr;
  ended_ = true;
  waiting_.clear();
}

std::optional<std::string> Stream::take() {
  MutexLock lock(mutex_);
  if (waiting_.empty() && ended_) return std::nullopt;
  return std::exchange(waiting_, std::string());
}

}  // namespace holdfast::http
