#pragma once

#include <memory>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/identity/key_sets.h"
#include "gateway/identity/options.h"
#include "gateway/upstream/options.h"
#include "gateway/upstream/supabase_upstream.h"

namespace holdfast::app {

// The hosts that publish the keys of third-party issuers ([auth] jwks_urls), a client for each.
// They are no part of the upstream: whether one answers says nothing of being online.
// Thread-safe.
class Issuers {
 public:
  // `clock` must outlive it. The addresses are those that parse_key_source() accepts.
  Issuers(const identity::IdentityOptions& options, const upstream::UpstreamOptions& like,
          const Clock& clock);

  // Valid as long as this.
  const std::vector<identity::KeySets::Issuer>& list() const { return list_; }
  // Ends the calls under way and refuses later ones.
  void stop();

 private:
  std::vector<std::unique_ptr<upstream::SupabaseUpstream>> hosts_;
  std::vector<identity::KeySets::Issuer> list_;
};

}  // namespace holdfast::app
