#pragma once

#include <string>

namespace holdfast::http {

// Whom a request acts for: what row-level security would see.
//
// A user is its `sub`; the other claims may change under the same principal (hard case 1).
// Immutable after construction.
struct Principal {
  enum class Kind { kAnonymous, kUser, kService };

  Kind kind = Kind::kAnonymous;
  std::string subject;            // the token's `sub`; empty unless kUser
  std::string role = "anon";      // the database role: anon, authenticated, service_role or a custom one
  std::string claims = "{}";      // the verified claims, JSON text; "{}" without a token

  static Principal anonymous();
  static Principal service();

  // Stable identity and stem of its database file: "anon", "service", or "user-" and the first 32
  // hexadecimal digits of SHA-256(sub).
  std::string id = "anon";

  friend bool operator==(const Principal& a, const Principal& b) { return a.id == b.id; }
};

// A principal with the credentials that its request brought, to be stamped on what is sent
// upstream for it at once. Never stored.
struct Caller {
  Principal principal;
  std::string api_key;  // value of the apikey header
  std::string bearer;   // token of Authorization: Bearer; empty when the request had none
};

}  // namespace holdfast::http
