#include "routes/cache_control.h"

#include <charconv>
#include <cstdint>
#include <string_view>

namespace holdfast::routes {
namespace {

constexpr std::string_view kMaxAge = "max-age=";

std::optional<std::chrono::seconds> read_max_age(std::string_view directive) {
  if (directive.size() <= kMaxAge.size() ||
      !http::equals_ignoring_case(directive.substr(0, kMaxAge.size()), kMaxAge)) {
    return std::nullopt;
  }
  std::string_view digits = directive.substr(kMaxAge.size());
  // RFC 9111 5.2: recipients take the quoted form, too.
  if (digits.size() > 2 && digits.front() == '"' && digits.back() == '"') {
    digits = digits.substr(1, digits.size() - 2);
  }
  std::int32_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc() || end != digits.data() + digits.size() || seconds < 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(seconds);
}

}  // namespace

CacheControl parse_cache_control(const http::Headers& headers) {
  CacheControl control;
  for (const std::string_view directive : headers.list("Cache-Control")) {
    const auto is = [&](const char* name) { return http::equals_ignoring_case(directive, name); };
    control.no_cache = control.no_cache || is("no-cache");
    control.no_store = control.no_store || is("no-store");
    control.only_if_cached = control.only_if_cached || is("only-if-cached");
    if (const auto age = read_max_age(directive)) control.max_age = age;
  }
  return control;
}

}  // namespace holdfast::routes
