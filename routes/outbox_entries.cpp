#include "routes/outbox_entries.h"

#include <algorithm>

#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "gateway/base/ids.h"
#include "gateway/http/uri.h"
#include "queue/write_claims.h"

namespace holdfast::routes {
namespace {

using cache::Effect;
using cache::EffectKind;
using cache::Mutation;
using cache::Operation;

// Prefer holds what decides the write; what to return is the delivery's to ask.
std::string headers_of(const Mutation& mutation) {
  std::string prefer;
  if (mutation.resolution == cache::Resolution::kMergeDuplicates) {
    prefer = "resolution=merge-duplicates";
  } else if (mutation.resolution == cache::Resolution::kIgnoreDuplicates) {
    prefer = "resolution=ignore-duplicates";
  }
  if (mutation.missing == cache::Missing::kDefault) {
    prefer += prefer.empty() ? "missing=default" : ", missing=default";
  }
  std::string headers = R"({"Content-Type":"application/json","Content-Profile":)";
  cache::append_json_string(mutation.table->schema, headers);
  if (!prefer.empty()) headers += ",\"Prefer\":\"" + prefer + "\"";
  return headers + "}";
}

std::string operation_name(const Mutation& mutation) {
  switch (mutation.operation) {
    case Operation::kInsert:
      return mutation.resolution == cache::Resolution::kNone ? "insert" : "upsert";
    case Operation::kUpdate:
      return "update";
    case Operation::kDelete:
      return "delete";
  }
  return "";
}

queue::Entry new_entry(const Mutation& mutation, const http::Principal& principal, Timestamp now) {
  queue::Entry entry;
  entry.id = new_ordered_uuid(now);
  entry.relation = cache::relation_of(*mutation.table);
  entry.operation = operation_name(mutation);
  entry.headers = headers_of(mutation);
  entry.role = principal.role;
  entry.claims = principal.claims;
  entry.idempotency_key = queue::idempotency_key(entry.id);
  entry.created_at = now;
  return entry;
}

// The claims that the upstream will read for the columns that the request leaves to it.
std::vector<std::string> claims_of_defaults(const cache::Table& table,
                                            const std::vector<std::string>& given) {
  std::vector<std::string> paths;
  for (const auto& column : table.columns) {
    if (!column.default_expression ||
        std::find(given.begin(), given.end(), column.name) != given.end()) {
      continue;
    }
    const auto read = queue::claims_in(*column.default_expression);
    paths.insert(paths.end(), read.begin(), read.end());
  }
  return paths;
}

PlannedEntry insertion(const Mutation& mutation, cache::Changes& changes,
                       const http::Principal& principal, Timestamp now) {
  queue::Entry entry = new_entry(mutation, principal, now);
  entry.method = "POST";
  entry.target = cache::rest_path(*mutation.table);
  char separator = '?';
  if (!mutation.query.columns().empty()) {
    entry.target += separator + ("columns=" + name_list(changes.columns));
    separator = '&';
  }
  if (!mutation.single && !mutation.query.on_conflict().empty()) {
    entry.target += separator + ("on_conflict=" + name_list(mutation.query.on_conflict()));
  }
  entry.body = changes.body;
  entry.minted_key = changes.minted_key;
  entry.write_claims =
      queue::write_claims(principal.claims, claims_of_defaults(*mutation.table, changes.columns));
  return {std::move(entry), changes.effects};
}

// Whether the effect is one of the rows that the request names, as they are now.
bool is_target(const Mutation& mutation, const Effect& effect) {
  if (effect.consequence) return false;
  return mutation.operation == Operation::kDelete ? effect.kind == EffectKind::kDelete
                                                  : effect.kind != EffectKind::kInsert;
}

PlannedEntry keyed(const Mutation& mutation, std::span<Effect> effects, const std::string& body,
                   const http::Principal& principal, Timestamp now) {
  std::vector<std::string> keys;
  for (const Effect& effect : effects) {
    if (is_target(mutation, effect)) keys.push_back(effect.key);
  }
  queue::Entry entry = new_entry(mutation, principal, now);
  entry.method = mutation.operation == Operation::kDelete ? "DELETE" : "PATCH";
  entry.target = cache::rest_path(*mutation.table) + "?" + cache::key_filter(*mutation.table, keys);
  if (mutation.operation == Operation::kUpdate) {
    entry.body = body;
    if (!mutation.query.columns().empty()) {
      entry.target += "&columns=" + name_list(mutation.query.columns());
    }
  }
  return {std::move(entry), effects};
}

}  // namespace

std::string name_list(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ",") + cache::quoted_name(name);
  return http::percent_encode(list);
}

std::optional<PlannedEntry> plan_entry(const Mutation& mutation, cache::Changes& changes,
                                       const std::string& body, const http::Principal& principal,
                                       Timestamp now) {
  if (changes.effects.empty()) return std::nullopt;
  if (mutation.operation == Operation::kInsert) {
    return insertion(mutation, changes, principal, now);
  }
  return keyed(mutation, changes.effects, body, principal, now);
}

}  // namespace holdfast::routes
