#include "queue/write_claims.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace holdfast::queue {
namespace {

using json = nlohmann::json;

const json& claim_at(const json& claims, const std::string& path) {
  static const json nothing;
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

}  // namespace

std::vector<std::string> claims_in(std::string_view expression) {
  std::vector<std::string> paths;
  if (expression.find("auth.email()") != expression.npos) paths.emplace_back("email");
  constexpr std::string_view kToken = "auth.jwt()";
  for (auto place = expression.find(kToken); place != expression.npos;
       place = expression.find(kToken, place + 1)) {
    std::string path = path_behind(expression.substr(place + kToken.size()));
    // Of the whole token what a session does not change by itself.
    if (path.empty()) path = "app_metadata";
    paths.push_back(std::move(path));
  }
  return paths;
}

std::string write_claims(const std::string& claims, const std::vector<std::string>& paths) {
  if (paths.empty()) return "";
  const json token = json::parse(claims, nullptr, false);
  json used = json::object();
  for (const std::string& path : paths) used[path] = claim_at(token, path);
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
