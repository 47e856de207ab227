#include "queue/write_claims.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace holdfast::queue {
namespace {

using json = nlohmann::json;

const json& claim_at(const json& claims, const std::string& path) {
  static const json nothing;
  // A name may have dots in it.
  if (claims.is_object() && claims.contains(path)) return claims.at(path);
  const json* place = &claims;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const auto member =
        place->is_object() ? place->find(path.substr(begin, end - begin)) : place->end();
    if (!place->is_object() || member == place->end()) return nothing;
    place = &*member;
    begin = end + 1;
  }
  return *place;
}

void skip(std::string_view& text, std::string_view characters) {
  text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
}

// "-> 'app_metadata'::text) ->> 'tenant'::text" -> app_metadata.tenant; empty: the whole object.
std::string path_behind(std::string_view text) {
  std::string path;
  for (;;) {
    skip(text, " )");
    if (text.starts_with("::")) skip(text, ":abcdefghijklmnopqrstuvwxyz");
    skip(text, " )");
    if (!text.starts_with("->")) return path;
    const bool last = text.starts_with("->>");
    text.remove_prefix(last ? 3 : 2);
    skip(text, " (");
    const auto end = text.starts_with('\'') ? text.find('\'', 1) : text.npos;
    if (end == text.npos) return path;
    path.append(path.empty() ? "" : ".").append(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    if (last) return path;
  }
}

// What stands for the whole token.
constexpr std::array<std::string_view, 3> kTokens = {
    "auth.jwt()", "current_setting('request.jwt.claims'", "current_setting('request.jwt.claim."};

bool is_part_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '"';
}

// Whether a function is called of which it is not known here that it reads no claim.
bool calls_unknown(std::string_view expression) {
  constexpr std::array<std::string_view, 36> kKnown = {
      "", "now", "gen_random_uuid", "nextval", "timezone", "auth.uid", "auth.role", "auth.email",
      "auth.jwt", "current_setting", "date_trunc", "lower", "upper", "md5", "random", "to_char",
      "clock_timestamp", "statement_timestamp", "transaction_timestamp", "uuid_generate_v4",
      "extensions.uuid_generate_v4", "concat", "coalesce", "array", "jsonb_build_object",
      "make_interval",
      // Types with a length.
      "varying", "character", "bpchar", "varchar", "numeric", "bit", "time", "timestamp",
      "timestamptz", "interval"};
  bool quoted = false;
  for (std::size_t at = 0; at < expression.size(); ++at) {
    if (expression[at] == '\'') quoted = !quoted;
    if (quoted || expression[at] != '(') continue;
    std::size_t begin = at;
    while (begin > 0 && is_part_of_name(expression[begin - 1])) --begin;
    const std::string_view name = expression.substr(begin, at - begin);
    if (std::ranges::find(kKnown, name) == kKnown.end()) return true;
  }
  return false;
}

// Whether the claim says who writes, and for whom: what is no text is about the session, and so are
// these, which are others with each token or changed by the user without further ado.
bool says_for_whom(const std::string& name, const json& value) {
  constexpr std::array<std::string_view, 16> kOfSessions = {
      "jti", "sid",   "session_id", "aal", "acr",     "iss",    "nonce", "event_id",
      "aud", "email", "phone",      "azp", "at_hash", "c_hash", "scope", "origin_jti"};
  if (name == "app_metadata") return true;
  return value.is_string() && std::ranges::find(kOfSessions, name) == kOfSessions.end();
}

}  // namespace

std::vector<std::string> claims_in(std::string_view expression) {
  std::vector<std::string> paths;
  if (expression.find("auth.email()") != expression.npos) paths.emplace_back("email");
  for (const std::string_view token : kTokens) {
    for (auto place = expression.find(token); place != expression.npos;
         place = expression.find(token, place + 1)) {
      std::string_view behind = expression.substr(place + token.size());
      // The rest of the call.
      if (!token.ends_with(')')) behind.remove_prefix(std::min(behind.find(')'), behind.size()));
      paths.push_back(path_behind(behind));
    }
  }
  if (calls_unknown(expression)) paths.emplace_back();
  return paths;
}

std::string write_claims(const std::string& claims, const std::vector<std::string>& paths) {
  if (paths.empty()) return "";
  const json token = json::parse(claims, nullptr, false);
  json used = json::object();
  for (const std::string& path : paths) {
    if (!path.empty()) {
      used[path] = claim_at(token, path);
    } else if (token.is_object()) {
      for (const auto& [name, value] : token.items()) {
        if (says_for_whom(name, value)) used[name] = value;
      }
    }
  }
  return used.dump();
}

std::optional<std::string> claims_changed(const Entry& entry,
                                          const upstream::Credentials& credentials) {
  if (entry.released || credentials.role.empty()) return std::nullopt;
  if (!entry.role.empty() && entry.role != credentials.role) {
    return kClaimsChanged + ("written as the role " + entry.role + ", now " + credentials.role);
  }
  if (entry.write_claims.empty()) return std::nullopt;
  const json now = json::parse(credentials.claims, nullptr, false);
  const json used = json::parse(entry.write_claims, nullptr, false);
  for (const auto& [path, value] : used.items()) {
    const json& current = claim_at(now, path);
    if (current == value) continue;
    return kClaimsChanged + path + " was " + value.dump() + ", now " + current.dump();
  }
  return std::nullopt;
}

}  // namespace holdfast::queue
