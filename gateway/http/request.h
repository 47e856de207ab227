#pragma once

#include <string>
#include <string_view>

#include "gateway/http/headers.h"

namespace holdfast::http {

// One request as it came from the wire; nothing is decoded.
struct Request {
  std::string method;  // as sent: "GET", "PATCH", …
  std::string target;  // raw origin-form target, path and query
  Headers headers;
  std::string body;
  bool from_loopback = true;  // the peer's address, not a header
  bool secure = false;        // came over TLS
  bool alone = false;         // no other connection waits for the thread that hands it over

  // The raw path: the target up to the first '?'.
  std::string_view path() const;
  // The raw query: what follows the first '?'; empty when there is none.
  std::string_view query() const;
};

}  // namespace holdfast::http
