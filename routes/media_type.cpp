#include "routes/media_type.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "gateway/http/uri.h"

namespace holdfast::routes {
namespace {

using cache::query::Form;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

double read_quality(std::string_view text) {
  double quality = 1.0;
  std::from_chars(text.data(), text.data() + text.size(), quality);
  return quality;
}

AcceptedType read_member(std::string_view member) {
  std::string text;
  std::ranges::copy_if(member, std::back_inserter(text), [](char c) { return c != ' '; });
  AcceptedType type;
  std::vector<std::string> parts = split(text, ';');
  type.name = std::move(parts[0]);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].starts_with("q=")) {
      type.quality = read_quality(std::string_view(parts[i]).substr(2));
      break;  // what follows q is about Accept itself (RFC 7231 5.3.2)
    }
    type.parameters.push_back(std::move(parts[i]));
  }
  return type;
}

std::ptrdiff_t specificity(const AcceptedType& type) {
  return std::ssize(type.parameters) - std::ranges::count(type.name, '*');
}

// Parameters' names ignore case, their values do not; of one that comes twice the last counts.
bool strips_nulls(const AcceptedType& type) {
  bool stripped = false;
  for (const std::string_view parameter : type.parameters) {
    const auto equals = parameter.find('=');
    if (!http::equals_ignoring_case(parameter.substr(0, equals), "nulls")) continue;
    const auto value = equals == std::string_view::npos ? "" : parameter.substr(equals + 1);
    stripped = value == "stripped" || value == "\"stripped\"";
  }
  return stripped;
}

// A type that PostgREST knows is named without parameters, another one as it was asked for.
std::string name_of(const AcceptedType& type) {
  for (const char* known : {"text/plain", "text/xml", "application/openapi+json",
                            "application/octet-stream", "application/x-www-form-urlencoded"}) {
    if (type.is(known)) return known;
  }
  std::string name = type.name;
  for (const std::string& parameter : type.parameters) name += ';' + parameter;
  return name;
}

std::optional<MediaType> media_type(const AcceptedType& type) {
  const bool stripped = strips_nulls(type);
  if (type.is("*/*") || type.is("application/json")) return MediaType{};
  if (type.is("text/csv")) return MediaType{Form::kCsv, false, "text/csv; charset=utf-8"};
  if (type.is("application/vnd.pgrst.object+json") || type.is("application/vnd.pgrst.object")) {
    return MediaType{Form::kObject, stripped,
                     stripped ? "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8"
                              : "application/vnd.pgrst.object+json; charset=utf-8"};
  }
  if (type.is("application/vnd.pgrst.array+json") || type.is("application/vnd.pgrst.array")) {
    return MediaType{Form::kArray, stripped,
                     stripped ? "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8"
                              : "application/json; charset=utf-8"};
  }
  return std::nullopt;
}

// What PostgREST makes of its own accord; other unknown types it passes over for the next one.
bool made_upstream(const AcceptedType& type) {
  return type.is("application/geo+json") || type.name.starts_with("application/vnd.pgrst.plan");
}

// A handler of a relation takes its rows, so it is passed over where others are selected.
bool selects_whole_rows(std::string_view query) {
  const auto parameters = http::parse_query(query);
  return std::ranges::all_of(parameters, [](const auto& parameter) {
    return parameter.first != "select" || parameter.second == "*";
  });
}

// PostgREST's own vendored types have no handlers.
bool is_vendored(const AcceptedType& type) {
  return type.name.starts_with("application/vnd.pgrst.object") ||
         type.name.starts_with("application/vnd.pgrst.plan") ||
         type.name.starts_with("application/vnd.pgrst.array");
}

bool handles(const cache::MediaHandler& handler, const AcceptedType& type,
             const cache::Table& table, bool whole_rows) {
  if (is_vendored(type)) return false;
  if (!handler.relation) return type.is(handler.media_type);
  return whole_rows && handler.relation->schema == table.schema &&
         handler.relation->table == table.name &&
         (handler.media_type == "*/*" || type.is(handler.media_type));
}

template <typename MadeByHandler>
Negotiated pick(const std::vector<AcceptedType>& accepted, const MadeByHandler& made_by_handler) {
  for (const AcceptedType& candidate : accepted) {
    if (made_by_handler(candidate)) return MadeUpstream{};
    if (auto type = media_type(candidate)) return *type;
    if (made_upstream(candidate)) return MadeUpstream{};
  }
  return NotAcceptable{not_acceptable(accepted)};
}

}  // namespace

std::vector<AcceptedType> accepted_types(const http::Headers& headers) {
  std::vector<AcceptedType> types;
  for (const std::string_view member : headers.list("Accept")) {
    types.push_back(read_member(member));
  }
  std::ranges::stable_sort(types, std::greater<>(), [](const AcceptedType& type) {
    return std::pair(type.quality, specificity(type));
  });
  return types;
}

Error not_acceptable(const std::vector<AcceptedType>& accepted) {
  std::string names;
  for (const auto& type : accepted) names += (names.empty() ? "" : ", ") + name_of(type);
  return invalid_request("PGRST107", "None of these media types are available: " + names);
}

Negotiated negotiate(const http::Headers& headers) {
  // Nearly every request.
  const auto members = headers.list("Accept");
  if (members.empty() || (members.size() == 1 && members[0] == "*/*")) return MediaType{};
  return pick(accepted_types(headers), [](const AcceptedType&) { return false; });
}

bool wants_one_row(const http::Headers& headers) {
  const auto negotiated = negotiate(headers);
  const auto* media = std::get_if<MediaType>(&negotiated);
  return media != nullptr && media->form == cache::query::Form::kObject;
}

Negotiated negotiate(const http::Headers& headers, const cache::Catalog& catalog,
                     const cache::Table& table, std::string_view query) {
  if (catalog.media_handlers().empty()) return negotiate(headers);
  auto accepted = accepted_types(headers);
  if (accepted.empty()) accepted.push_back({"*/*", {}, 1.0});
  const bool whole_rows = selects_whole_rows(query);
  return pick(accepted, [&](const AcceptedType& type) {
    return std::ranges::any_of(catalog.media_handlers(), [&](const cache::MediaHandler& handler) {
      return handles(handler, type, table, whole_rows);
    });
  });
}

}  // namespace holdfast::routes
