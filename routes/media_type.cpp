#include "routes/media_type.h"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::routes {
namespace {

using cache::query::Form;

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool strips_nulls(std::string_view parameters) {
  while (!parameters.empty()) {
    const auto semicolon = parameters.find(';');
    if (http::equals_ignoring_case(trim(parameters.substr(0, semicolon)), "nulls=stripped")) {
      return true;
    }
    parameters =
        semicolon == std::string_view::npos ? std::string_view() : parameters.substr(semicolon + 1);
  }
  return false;
}

std::optional<MediaType> media_type(std::string_view member) {
  const auto semicolon = member.find(';');
  const std::string_view type = trim(member.substr(0, semicolon));
  const bool stripped =
      semicolon != std::string_view::npos && strips_nulls(member.substr(semicolon + 1));
  const auto is = [&](std::string_view name) { return http::equals_ignoring_case(type, name); };
  if (is("*/*") || is("application/*") || is("application/json")) return MediaType{};
  if (is("text/csv")) return MediaType{Form::kCsv, false, "text/csv; charset=utf-8"};
  if (is("application/vnd.pgrst.object+json") || is("application/vnd.pgrst.object")) {
    return MediaType{Form::kObject, stripped,
                     stripped ? "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8"
                              : "application/vnd.pgrst.object+json; charset=utf-8"};
  }
  if (is("application/vnd.pgrst.array+json") || is("application/vnd.pgrst.array")) {
    return MediaType{Form::kArray, stripped,
                     stripped ? "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8"
                              : "application/json; charset=utf-8"};
  }
  return std::nullopt;
}

// What PostgREST makes of its own accord; other unknown types it passes over for the next one.
bool made_upstream(std::string_view member) {
  return member.starts_with("application/geo+json") ||
         member.starts_with("application/vnd.pgrst.plan") ||
         member.starts_with("application/openapi") ||
         member.starts_with("application/octet-stream");
}

}  // namespace

Negotiated negotiate(const http::Headers& headers) {
  const auto members = headers.list("Accept");
  if (members.empty()) return MediaType{};
  std::string names;
  for (const std::string_view member : members) {
    if (auto type = media_type(member)) return *type;
    if (made_upstream(member)) return MadeUpstream{};
    names += (names.empty() ? "" : ", ") + std::string(member);
  }
  return NotAcceptable{
      invalid_request("PGRST107", "None of these media types are available: " + names)};
}

}  // namespace holdfast::routes
