#include "cache/responses/key.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "gateway/crypto/digest.h"
#include "gateway/http/uri.h"

namespace holdfast::cache {
namespace {

// Lower case, in order. What a request carries for the way, for caches, or about the client.
constexpr std::array<std::string_view, 30> kNotSelecting = {"accept-encoding",
                                                            "accept-language",
                                                            "apikey",
                                                            "authorization",
                                                            "baggage",
                                                            "cache-control",
                                                            "connection",
                                                            "content-length",
                                                            "dnt",
                                                            "expect",
                                                            "forwarded",
                                                            "host",
                                                            "idempotency-key",
                                                            "if-modified-since",
                                                            "if-none-match",
                                                            "keep-alive",
                                                            "origin",
                                                            "pragma",
                                                            "priority",
                                                            "referer",
                                                            "te",
                                                            "traceparent",
                                                            "tracestate",
                                                            "transfer-encoding",
                                                            "upgrade",
                                                            "user-agent",
                                                            "via",
                                                            "x-client-info",
                                                            "x-request-id",
                                                            "x-retry-count"};
constexpr std::array<std::string_view, 3> kNotSelectingPrefixes = {"sec-", "x-forwarded-",
                                                                   "x-supabase-client-"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return out;
}

bool selects(std::string_view name) {
  const auto is_prefix = [&](std::string_view prefix) { return name.starts_with(prefix); };
  return !std::ranges::binary_search(kNotSelecting, name) &&
         std::ranges::none_of(kNotSelectingPrefixes, is_prefix);
}

// Lengths go before texts, so that no two lists of texts give one key.
void append(std::string& key, std::string_view text) {
  key += std::to_string(text.size());
  key += ':';
  key += text;
}

void append_target(std::string& key, const http::Request& request) {
  append(key, http::percent_decode(request.path()));
  auto parameters = http::parse_query(request.query());
  std::erase_if(parameters, [](const auto& parameter) { return parameter.first == "apikey"; });
  std::ranges::stable_sort(parameters, {}, [](const auto& parameter) { return parameter.first; });
  for (const auto& [name, value] : parameters) {
    append(key, name);
    append(key, value);
  }
}

void append_headers(std::string& key, const http::Headers& headers) {
  std::vector<http::Headers::Field> fields;
  for (const auto& [name, value] : headers) {
    std::string known = lower(name);
    if (selects(known)) fields.emplace_back(std::move(known), value);
  }
  std::ranges::stable_sort(fields, {}, &http::Headers::Field::first);
  for (const auto& [name, value] : fields) {
    append(key, name);
    append(key, value);
  }
}

}  // namespace

std::string lasting_claims(const std::string& claims) {
  auto json = nlohmann::json::parse(claims, nullptr, false);
  if (!json.is_object()) return claims;
  for (const auto* name : {"exp", "iat", "nbf", "jti", "amr", "session_id"}) json.erase(name);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string response_key(const http::Request& request, const http::Principal& principal) {
  std::string key;
  append(key, principal.id);
  append(key, principal.role);
  append(key, lasting_claims(principal.claims));
  append(key, request.method);
  append_target(key, request);
  key += '#';
  append_headers(key, request.headers);
  key += '#';
  append(key, request.body);
  return crypto::sha256_hex(key);
}

}  // namespace holdfast::cache
