#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "cache/responses/response_cache.h"
#include "routes/cache_status.h"
#include "routes/context.h"

namespace holdfast::routes {

// A request that cannot write, and that only the upstream can answer.
struct ForwardedRead {
  http::Request request;
  std::shared_ptr<cache::Store> store;  // the caller's
  http::Principal principal;            // with the claims of this request
  ForwardReason reason;
  // What its answer shows, where that is known.
  cache::ResponseCache::Relations relations = std::nullopt;
  // An answer from here that is good enough once the upstream turns out to be away.
  std::function<std::optional<http::Response>()> offline_answer = {};
};

// Sends reads to the upstream, keeps their answers, and gives a kept one while it is away.
// Thread-safe.
class ReadForwarder {
 public:
  // `context` must outlive it.
  explicit ReadForwarder(const Context& context) : context_(context) {}

  // Answers from another thread. The caller's own writes get a moment to be delivered first, so
  // that they are read. Offline and not kept: 504 HF504, as for `only-if-cached`.
  void forward(ForwardedRead read, http::Respond respond) const;

 private:
  http::Response answer(const ForwardedRead& read) const;
  http::Response answer_without_upstream(const ForwardedRead& read, const std::string& why) const;

  const Context& context_;
};

}  // namespace holdfast::routes
