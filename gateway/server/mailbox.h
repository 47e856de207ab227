#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "gateway/base/logging.h"
#include "gateway/base/mutex.h"
#include "gateway/http/response.h"

namespace holdfast::server {

// Where a connection's answers arrive: at once from within handle(), or later from any thread. It
// is shared with every Respond, so that one may outlive the connection.
// Thread-safe.
class Mailbox {
 public:
  // `wake` tells the waiting connection that an answer is there; it must only post to the
  // connection's thread. It is never called after close().
  Mailbox(std::function<void()> wake, std::shared_ptr<Logger> logger);

  // Begins the next request and returns its number; answers to earlier ones are dropped from now.
  std::uint64_t open();
  // The answer to the request opened last; nullopt makes the next delivery call `wake`.
  std::optional<http::Response> take();
  // Drops an answer that comes too late or a second time.
  void deliver(std::uint64_t number, http::Response answer);
  // The connection is gone.
  void close();

  Logger& logger() const { return *logger_; }

 private:
  // Whether it is to wake the connection.
  bool put(std::uint64_t number, http::Response answer);

  const std::function<void()> wake_;
  const std::shared_ptr<Logger> logger_;

  Mutex waking_;  // held while `wake_` is called; before the other
  Mutex mutex_;
  std::uint64_t number_ HF_GUARDED_BY(mutex_) = 0;
  std::optional<http::Response> answer_ HF_GUARDED_BY(mutex_);
  bool answered_ HF_GUARDED_BY(mutex_) = false;
  bool waiting_ HF_GUARDED_BY(mutex_) = false;
  bool closed_ HF_GUARDED_BY(mutex_) = false;
};

// The Respond for request `number`. When its last copy goes without a call, the request is
// answered 500: the peer must not wait for ever.
http::Respond make_respond(std::shared_ptr<Mailbox> mailbox, std::uint64_t number);

}  // namespace holdfast::server
