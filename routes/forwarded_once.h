#pragma once

#include <memory>
#include <optional>
#include <string>

#include "routes/forwarder.h"

namespace holdfast::routes {

// Forwards a write that only the upstream can decide; under the Idempotency-Key of its app, where
// it has one, once (hard case 10): a repetition hears what the first one heard. Where that has
// heard nothing, it may have taken effect or be under way, and a repetition is 409 HF409; so it is
// after an answer that is too large to be kept.
//
// One thread at a time, which may wait.
class ForwardedOnce {
 public:
  // `request` as it came: what is sent may have other ids in it. `context` must outlive it.
  ForwardedOnce(const Context& context, std::shared_ptr<cache::Store> store,
                const http::Request& request);

  // What a repetition hears; nullopt: it is none, so far.
  std::optional<http::Response> repeated() const;
  // Blocking. `request` as it is to be sent. Another one's answer has `may_have_happened`.
  Forwarder::Forwarded forward(const http::Request& request, ForwardReason reason) const;

 private:
  std::optional<http::Response> begin() const;
  void end(const Forwarder::Forwarded& forwarded) const;

  const Context& context_;
  const std::shared_ptr<cache::Store> store_;
  std::optional<http::Request> keyed_;
};

}  // namespace holdfast::routes
