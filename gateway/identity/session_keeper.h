#pragma once

#include <string>
#include <vector>

#include "gateway/identity/gateway_tokens.h"
#include "gateway/identity/key_sets.h"
#include "gateway/identity/options.h"
#include "gateway/identity/session_refresher.h"
#include "gateway/identity/sessions.h"
#include "gateway/identity/storage.h"

namespace holdfast::identity {

// The parts that keep people signed in. Thread-safe, as each of them is.
struct SessionKeeper {
  // See Sessions for `seal_key`, KeySets for `issuers`. All references must outlive the keeper.
  SessionKeeper(Storage& its_storage, std::string seal_key, upstream::Upstream& upstream,
                TokenBook& its_book, const IdentityOptions& its_options, const Clock& its_clock,
                const std::vector<KeySets::Issuer>& issuers = {})
      : storage(its_storage),
        book(its_book),
        options(its_options),
        clock(its_clock),
        keys(storage, upstream, its_options.anon_key, issuers, its_clock),
        sessions(storage, std::move(seal_key), its_clock),
        tokens(sessions),
        refresher(sessions, upstream, book, its_clock) {}

  Storage& storage;
  TokenBook& book;
  const IdentityOptions& options;
  const Clock& clock;  // by which tokens are judged
  KeySets keys;
  Sessions sessions;
  GatewayTokens tokens;
  SessionRefresher refresher;
};

}  // namespace holdfast::identity
