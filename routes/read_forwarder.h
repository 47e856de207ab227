#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "cache/responses/response_cache.h"
#include "routes/cache_status.h"
#include "routes/context.h"

namespace holdfast::routes {

// How long what only the upstream can answer waits for the caller's own writes.
inline constexpr std::chrono::milliseconds kDeliveryWait{2'000};

// Why there is no answer of the upstream to give.
enum class NoAnswer {
  kWouldMissWrites,  // the caller's own writes were not delivered in time, so it would not show
                     // them
  kNone,             // it is away, or what came is not its answer
};

// A request that cannot write, and that only the upstream can answer.
struct ForwardedRead {
  http::Request request;
  std::shared_ptr<cache::Store> store;  // the caller's
  http::Principal principal;            // with the claims of this request
  ForwardReason reason;
  // What its answer shows, where that is known.
  cache::ResponseCache::Relations relations = std::nullopt;
  // The answer from here that is good enough then; nullopt when there is none.
  std::function<std::optional<http::Response>(NoAnswer)> answer_here = {};
};

// Sends reads to the upstream, keeps their answers, and gives one from here while it is away or
// failing: a proxy's page in its place is no answer, and nobody's to see.
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
  http::Response pass_on(const ForwardedRead& read, const upstream::Answer& answer,
                         const cache::ResponseCache::Moment& moment) const;
  // What is here, from the replica or kept of before.
  std::optional<http::Response> find_here(const ForwardedRead& read) const;
  http::Response answer_without_upstream(const ForwardedRead& read, const std::string& why) const;

  const Context& context_;
};

}  // namespace holdfast::routes
