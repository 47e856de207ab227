#pragma once

#include <functional>
#include <optional>

#include "gateway/upstream/credentials.h"

namespace holdfast::cache {

// A principal that is signed in, or is not.
class FixedCredentials final : public upstream::CredentialSource {
 public:
  std::optional<upstream::Credentials> credentials_for(const http::Principal&) override {
    return signed_in ? std::optional(upstream::Credentials{"sb_publishable_test", ""})
                     : std::nullopt;
  }
  void refuse(const http::Principal&, const upstream::Credentials&) override {
    if (on_refusal) on_refusal();
  }
  bool signed_in = true;
  std::function<void()> on_refusal;
};

}  // namespace holdfast::cache
