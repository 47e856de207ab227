#include "cache/replica/scope.h"

#include <algorithm>

#include "cache/replica/store.h"
#include "cache/values/codec.h"
#include "cache/values/json.h"
#include "gateway/http/uri.h"

namespace holdfast::cache {
namespace {

constexpr std::string_view kOpening = "{claims.";

// The raw JSON token at the end of the path.
std::optional<std::string> find_claim(std::string_view object, std::string_view path) {
  const auto dot = path.find('.');
  const auto name = path.substr(0, dot);
  const auto members = parse_body(object, BodyKeys::kAny);
  if (!members || members->is_array || members->rows.size() != 1) return std::nullopt;
  for (const auto& [member, token] : members->rows[0]) {
    if (member != name) continue;
    return dot == path.npos ? std::optional(token) : find_claim(token, path.substr(dot + 1));
  }
  return std::nullopt;
}

std::optional<std::string> claim_text(std::string_view claims, std::string_view path) {
  const auto token = find_claim(claims, path);
  if (!token || token->empty() || *token == "null") return std::nullopt;
  if (token->front() == '{' || token->front() == '[') return std::nullopt;
  return token->front() == '"' ? decode_json_string(*token) : *token;
}

}  // namespace

std::optional<std::string> scope_of(std::string_view filter, std::string_view claims) {
  std::string scope;
  for (;;) {
    const auto opening = filter.find(kOpening);
    scope += filter.substr(0, opening);
    if (opening == filter.npos) return scope;
    filter.remove_prefix(opening + kOpening.size());
    const auto closing = filter.find('}');
    if (closing == filter.npos) return std::nullopt;
    const auto text = claim_text(claims, filter.substr(0, closing));
    if (!text) return std::nullopt;
    scope += http::percent_encode(*text);
    filter.remove_prefix(closing + 1);
  }
}

bool is_inside(std::string_view query, std::string_view scope) {
  const auto conditions = http::parse_query(query);
  const auto wanted = http::parse_query(scope);
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& one) {
    return std::find(conditions.begin(), conditions.end(), one) != conditions.end();
  });
}

bool asks_for_kept_row(std::string_view query, Store& store, const Table& table) {
  if (!table.primary_key) return false;
  const auto conditions = http::parse_query(query);
  std::vector<Value> key;
  for (const std::size_t index : table.primary_key->columns) {
    const Column& column = table.columns[index];
    const auto equal = std::find_if(conditions.begin(), conditions.end(), [&](const auto& one) {
      return one.first == column.name && one.second.starts_with("eq.");
    });
    if (equal == conditions.end()) return false;
    auto value = parse_text(column.type, equal->second.substr(3));
    if (!value) return false;
    key.push_back(*std::move(value));
  }
  auto reader = store.reader();
  return store.overlay().rows(table).find(*reader, key).has_value();
}

bool asks_for_whole_row(std::string_view query, Store& store, const Table& table) {
  if (!asks_for_kept_row(query, store, table)) return false;
  auto reader = store.reader();
  Statement& statement =
      reader->cached("SELECT 1 FROM hf_tables WHERE relation=?1 AND added IS NULL");
  statement.bind(1, std::string_view(relation_of(table)));
  const bool whole = statement.step();
  statement.reset();
  return whole;
}

std::optional<std::string> needed_conditions(const Store& store, const Table& table,
                                             bool filter_is_whole) {
  const Part& part = store.part(table);
  if (part.max_rows > 0) return std::nullopt;
  std::string needed = filter_is_whole ? "" : part.scope;
  if (part.deleted_at && store.has_left_out(table)) {
    needed += (needed.empty() ? "" : "&") +
              http::percent_encode(table.columns[*part.deleted_at].name) + "=is.null";
  }
  return needed;
}

bool holds_rows(std::string_view query, Store& store, const Table& table, bool filter_is_whole) {
  const auto needed = needed_conditions(store, table, filter_is_whole);
  return (needed && is_inside(query, *needed)) || asks_for_kept_row(query, store, table);
}

}  // namespace holdfast::cache
