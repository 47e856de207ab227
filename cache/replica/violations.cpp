#include "cache/replica/violations.h"

#include <algorithm>

#include "cache/replica/constraints.h"
#include "cache/replica/key.h"
#include "cache/replica/update_cascade.h"
#include "cache/values/sort_key.h"

namespace holdfast::cache {
namespace {

// Whether both rows of the table have these values alike to Postgres.
bool same_values(const Table& table, const Row& a, const Row& b,
                 const std::vector<std::size_t>& columns) {
  return std::all_of(columns.begin(), columns.end(), [&](std::size_t index) {
    return same_value(table.columns[index].type, a[index], b[index]);
  });
}

bool is_among(const Table& table, std::span<const Row> rows, const Row& wanted,
              const std::vector<std::size_t>& columns) {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const Row& row) { return same_values(table, row, wanted, columns); });
}

const Row& row_after(const Table& table, const Row& row, std::span<const Row> afters,
                     const std::function<const Row*(std::size_t)>& before) {
  const std::string key = key_of(table, row);
  for (std::size_t i = 0; i < afters.size(); ++i) {
    if (before(i) != nullptr && key_of(table, *before(i)) == key) return afters[i];
  }
  return row;
}

// A row that refers to one of the request by values which that has no more, and which no other row
// of the request has taken over.
std::optional<Violation> find_left_child(const Computation& computation,
                                         const IncomingKey& incoming, std::span<const Row> afters,
                                         const std::function<const Row*(std::size_t)>& before) {
  const Table& table = computation.table();
  const Table& child = *incoming.table;
  const RowStore& children = computation.overlay.rows(child);
  std::optional<Violation> doubtful;
  for (std::size_t i = 0; i < afters.size(); ++i) {
    if (before(i) == nullptr || any_null(*before(i), incoming.referenced)) continue;
    const Row& was = *before(i);
    if (same_values(table, was, afters[i], incoming.referenced)) continue;
    const bool at_the_end = incoming.key->on_update == ReferentialAction::kNoAction;
    if (at_the_end && is_among(table, afters, was, incoming.referenced)) continue;
    std::vector<Value> values;
    for (const std::size_t column : incoming.referenced) values.push_back(was[column]);
    for (const Row& row : children.list_by(computation.database, incoming.key->columns, values)) {
      const Row& then = &child == &table ? row_after(table, row, afters, before) : row;
      if (!same_values(child, row, then, incoming.key->columns)) continue;
      Violation violation{still_referenced(table, child, *incoming.key, was), true, {}};
      const auto& context = computation.context;
      if (context.authoritative || context.sole ||
          has_own_values(computation, child, row, incoming.key->columns)) {
        return violation;
      }
      violation.proved = false;
      violation.doubt = "rows of " + child.name + " refer to it";
      doubtful = std::move(violation);
    }
  }
  return doubtful;
}

// Whether a foreign key with other values than before leads to rows that are not kept here.
bool refers_elsewhere(const Computation& computation, const Row& after, const Row* before) {
  const Table& table = computation.table();
  return std::ranges::any_of(table.foreign_keys, [&](const ForeignKey& key) {
    if (any_null(after, key.columns)) return false;
    if (before != nullptr && same_values(table, *before, after, key.columns)) return false;
    const Table* parent = computation.catalog.find(key.ref_schema, key.ref_table);
    return parent == nullptr || !computation.overlay.rows(*parent).exists(computation.database);
  });
}

}  // namespace

std::optional<Error> refuse_if_proven(std::optional<Violation> violation, std::string& doubt) {
  if (!violation) return std::nullopt;
  if (violation->proved) return std::move(violation->error);
  if (doubt.empty()) doubt = std::move(violation->doubt);
  return std::nullopt;
}

std::optional<Violation> find_missing_parent(const Computation& computation, const Row& after,
                                             const Row* before, std::span<const Row> request) {
  const Table& table = computation.table();
  std::optional<Violation> doubtful;
  for (const OutgoingKey& outgoing : outgoing_keys(computation.catalog, table)) {
    const auto& [parent, key, referenced] = outgoing;
    if (referenced.empty() || any_null(after, key->columns)) continue;
    if (before != nullptr && same_values(table, *before, after, key->columns)) continue;
    const RowStore& parents = computation.overlay.rows(*parent);
    if (!parents.exists(computation.database)) continue;
    const Row wanted = outgoing.parent_row(after);
    if (parent == &table && is_among(table, request, wanted, referenced)) continue;
    if (parents.find_by(computation.database, referenced, wanted)) continue;
    Violation violation{missing_parent(table, *key, *parent, after), true, {}};
    const bool proved =
        computation.context.authoritative ||
        computation.overlay.takes_away(computation.database, *parent, referenced, wanted);
    if (proved) return violation;
    violation.proved = false;
    violation.doubt = "a row that it refers to is not here";
    doubtful = std::move(violation);
  }
  return doubtful;
}

std::optional<Error> check_references(const Computation& computation, std::span<const Row> afters,
                                      const std::function<const Row*(std::size_t)>& before,
                                      Changes& changes) {
  for (std::size_t i = 0; i < afters.size(); ++i) {
    auto violation = find_missing_parent(computation, afters[i], before(i), afters);
    if (auto error = refuse_if_proven(std::move(violation), changes.doubt)) return error;
    changes.refers_elsewhere =
        changes.refers_elsewhere || refers_elsewhere(computation, afters[i], before(i));
  }
  for (const IncomingKey& incoming : incoming_keys(computation.catalog, computation.table())) {
    if (follows(incoming.key->on_update) || !incoming.table->primary_key ||
        !computation.overlay.rows(*incoming.table).exists(computation.database)) {
      continue;
    }
    auto violation = find_left_child(computation, incoming, afters, before);
    if (auto error = refuse_if_proven(std::move(violation), changes.doubt)) return error;
  }
  return std::nullopt;
}

std::optional<Violation> find_duplicate(const Computation& computation, const Key& key,
                                        const Row& row, const std::set<std::string>& replaced) {
  const Table& table = computation.table();
  if (any_null(row, key.columns)) return std::nullopt;
  const auto other =
      computation.overlay.rows(table).find_by(computation.database, key.columns, row);
  if (!other || replaced.contains(key_of(table, other->row))) return std::nullopt;
  const auto& context = computation.context;
  return Violation{duplicate_key(table, key, row),
                   context.authoritative || context.sole ||
                       has_own_values(computation, table, other->row, key.columns),
                   "a row with this " + key.name + " is here"};
}

bool has_own_values(const Computation& computation, const Table& table, const Row& visible,
                    const std::vector<std::size_t>& columns) {
  const auto& [database, catalog, overlay, mutation, context] = computation;
  const std::string key = key_of(table, visible);
  if (!overlay.is_pending(database, table, key)) return false;
  const auto base = overlay.base_of(database, table, key);
  return !base || !same_values(table, *base, visible, columns);
}

}  // namespace holdfast::cache
