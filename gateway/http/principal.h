#pragma once

#include <optional>
#include <string>

#include "gateway/base/clock.h"

namespace holdfast::http {

// Whom a request acts for: what row-level security would see.
//
// A user is its `sub`; the other claims may change under the same principal (hard case 1).
// Immutable after construction.
struct Principal {
  enum class Kind { kAnonymous, kUser, kService };

  Kind kind = Kind::kAnonymous;
  std::string subject;        // the token's `sub`; empty unless kUser, and for a token without one
  std::string role = "anon";  // the database role: anon, authenticated, service_role or another
  std::string claims = "{}";  // the verified claims, JSON text; "{}" without a token

  static Principal anonymous();
  static Principal service();

  // Stable identity and stem of its database file: "anon", "service", "user-" and the first 32
  // hexadecimal digits of SHA-256(sub), or "role-" and those of a token without `sub`.
  std::string id = "anon";

  friend bool operator==(const Principal& a, const Principal& b) { return a.id == b.id; }
};

// A principal with the credentials that its request brought, to be stamped on what is sent
// upstream for it at once. Never stored.
struct Caller {
  Principal principal;
  std::string api_key;  // value of the apikey header
  std::string bearer;   // token of Authorization: Bearer; empty when the request had none

  // Past its `exp`: good for the replica and the queue while offline, never to be sent.
  bool token_expired = false;
  std::optional<Timestamp> token_expires;  // the token's `exp`; absent without one
  // A hash of what policies can see of the token (identity::Claims); empty without one.
  std::string epoch = {};
};

}  // namespace holdfast::http
