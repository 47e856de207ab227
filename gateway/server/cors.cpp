#include "gateway/server/cors.h"

#include <algorithm>

#include "gateway/server/host_check.h"
#include "gateway/server/refusal.h"

namespace holdfast::server {
namespace {

constexpr std::string_view kMethods = "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS";
// Without them a page gets null for the count and the client stalls on a retry.
constexpr std::string_view kExposedHeaders =
    "Content-Range, Content-Location, Content-Profile, Location, Preference-Applied, Range-Unit, "
    "Retry-After, Cache-Status, Age, X-Supabase-Api-Version, x-total-count, Link, x-relay-error, "
    "Holdfast-Outbox-Id, Holdfast-Provisional, Upload-Offset, Upload-Length, Tus-Resumable";

bool is_scheme(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

bool is_preflight(const http::Request& request) {
  return request.method == "OPTIONS" && request.headers.contains("Origin") &&
         request.headers.contains("Access-Control-Request-Method");
}

// A WebSocket carries both ways, and no browser asks before it reads from one.
bool writes(const http::Request& request) {
  return (request.method != "GET" && request.method != "HEAD") ||
         request.headers.contains("Upgrade");
}

http::Response preflight_answer(const http::Request& request) {
  http::Response answer{200, {}, ""};
  answer.headers.add("Access-Control-Allow-Methods", std::string(kMethods));
  // Echoed, because "*" does not cover Authorization.
  if (const auto wanted = request.headers.find("Access-Control-Request-Headers")) {
    answer.headers.add("Access-Control-Allow-Headers", std::string(*wanted));
  }
  answer.headers.add("Access-Control-Max-Age", "3600");
  if (request.headers.find("Access-Control-Request-Private-Network") == "true") {
    answer.headers.add("Access-Control-Allow-Private-Network", "true");
  }
  return answer;
}

}  // namespace

Cors::Cors(std::vector<std::string> origins)
    : origins_(std::move(origins)), every_origin_(std::ranges::count(origins_, "*") > 0) {}

bool Cors::allows(std::string_view origin, std::string_view host) const {
  if (every_origin_ || origin == "null") return true;
  const auto separator = origin.find("://");
  if (separator == std::string_view::npos) return false;
  const auto scheme = origin.substr(0, separator);
  const auto authority = origin.substr(separator + 3);
  const bool is_web =
      http::equals_ignoring_case(scheme, "http") || http::equals_ignoring_case(scheme, "https");
  if (!is_web) return is_scheme(scheme);
  // A page that this gateway serves itself; its Host has been checked.
  if (!host.empty() && http::equals_ignoring_case(authority, host)) return true;
  const auto name = host_of(authority);
  if (!name.empty() && is_loopback_host(name)) return true;
  return std::ranges::any_of(
      origins_, [&](const std::string& o) { return http::equals_ignoring_case(o, origin); });
}

Cors::Verdict Cors::judge(const http::Request& request) const {
  bool found = false;
  for (const auto& [name, value] : request.headers) {
    if (!http::equals_ignoring_case(name, "Origin")) continue;
    found = true;
    if (!allows(value, request.headers.find("Host").value_or(""))) return Verdict::kRefused;
  }
  return found ? Verdict::kAllowed : Verdict::kNoOrigin;
}

std::optional<http::Response> Cors::answer(const http::Request& request, Verdict verdict) const {
  if (verdict == Verdict::kNoOrigin) return std::nullopt;
  if (verdict == Verdict::kRefused && writes(request)) {
    return to_response({403, "this origin may not use the gateway; add it to [server] origins"});
  }
  if (is_preflight(request)) return preflight_answer(request);
  return std::nullopt;
}

void append_cors_lines(std::string& head, std::string_view origin) {
  head += "Access-Control-Allow-Origin: ";
  head += origin;
  head += "\r\nVary: Origin\r\nAccess-Control-Expose-Headers: ";
  head += kExposedHeaders;
  head += "\r\n";
}

}  // namespace holdfast::server
