#pragma once

#include <string>

#include "gateway/http/principal.h"
#include "gateway/http/request.h"

namespace holdfast::cache {

// What tells one answer from another: the request as the upstream sees it, and the caller's claims.
//
// Spellings that ask for the same share a key: escapes, the order of parameters of different names,
// the case of header names. Fields that only speak of the client or the connection, and
// credentials, take no part: the principal and its claims stand for those. Every other field does,
// since a policy or a function may read it. 64 hexadecimal digits.
std::string response_key(const http::Request& request, const http::Principal& principal);

// The claims that row-level security may look at: all but those that say which token it is, and
// change with each one. `claims` is a JSON object; the result is one, its members by name.
std::string lasting_claims(const std::string& claims);

}  // namespace holdfast::cache
