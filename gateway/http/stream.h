#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/mutex.h"

namespace holdfast::http {

// The rest of an answer that goes on: pieces are written from anywhere and sent as the peer takes
// them. What waits for a slow peer is bounded; beyond the limit the answer ends there.
// Thread-safe.
class Stream {
 public:
  // `limit`: bytes that may wait for the peer.
  explicit Stream(std::size_t limit) : limit_(limit) {}

  // False: the answer has ended, or this piece was too much for its peer and ends it.
  bool write(std::string_view piece);
  // No more comes. What was written is still sent, unless the peer was too slow.
  void end();
  // The peer is gone, or end() was called.
  bool ended() const;

  // For the listener. `wake` is called after write() and end(), under the stream's lock: it must
  // only post to the thread that sends. Never after detach().
  void attach(std::function<void()> wake);
  void detach();
  // What was written since the last call, "" for nothing yet; nullopt: all was taken and no more
  // comes.
  std::optional<std::string> take();

 private:
  const std::size_t limit_;

  mutable Mutex mutex_;
  std::string waiting_ HF_GUARDED_BY(mutex_);
  bool ended_ HF_GUARDED_BY(mutex_) = false;
  std::function<void()> wake_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::http
