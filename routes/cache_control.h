#pragma once

#include <chrono>
#include <optional>

#include "gateway/http/headers.h"

namespace holdfast::routes {

// The fields that select among PostgREST's answers, as it names them in Vary.
inline constexpr const char* kVary = "Accept, Prefer, Range";

// What a client asks of caches (RFC 9111 5.2.1).
struct CacheControl {
  bool no_cache = false;        // the upstream's answer, where there is one to be had
  bool no_store = false;        // this answer is not to be kept
  bool only_if_cached = false;  // an answer from here, or none: 504
  std::optional<std::chrono::seconds> max_age;  // none older than this
};

// Unknown and malformed directives are passed over.
CacheControl parse_cache_control(const http::Headers& headers);

}  // namespace holdfast::routes
