#include "cache/replica/mutation.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "cache/replica/constraints.h"
#include "cache/replica/generated.h"
#include "cache/replica/insertion.h"
#include "cache/replica/key.h"
#include "cache/replica/row_order.h"
#include "cache/replica/update_cascade.h"
#include "cache/replica/violations.h"
#include "cache/values/codec.h"

namespace holdfast::cache {
namespace {

using Targets = std::variant<std::vector<Row>, AskUpstream, Error>;

Targets find_targets(const Computation& computation) {
  const auto& [database, catalog, overlay, mutation, context] = computation;
  const bool keyless = !mutation.table->primary_key;
  if (keyless && !overlay.rows(*mutation.table).exists(database)) return AskUpstream{kNoKey};
  auto planned = query::plan_targets(mutation.query, catalog, *mutation.table, context.plan);
  if (auto* error = std::get_if<Error>(&planned)) return std::move(*error);
  if (auto* forward = std::get_if<query::Forward>(&planned)) {
    return AskUpstream{std::move(forward->reason)};
  }
  auto rowids = query::execute_targets(database, std::get<query::Plan>(planned));
  if (!rowids) return std::move(rowids).error();
  std::vector<Row> rows;
  for (const std::int64_t rowid : *rowids) {
    rows.push_back(overlay.rows(*mutation.table).get(database, rowid));
  }
  return rows;
}

AskUpstream keyless(const Targets& targets) {
  return {kNoKey, static_cast<std::int64_t>(std::get<std::vector<Row>>(targets).size())};
}

// A PATCH's object as column indices and values.
struct Assignment {
  std::vector<std::size_t> columns;
  std::vector<Value> values;
};

std::vector<std::string> named_columns(const Mutation& mutation) {
  if (!mutation.query.columns().empty()) return mutation.query.columns();
  std::vector<std::string> names;
  for (const auto& [name, token] : mutation.body.rows.at(0)) names.push_back(name);
  return names;
}

// What a column that columns= names and the body lacks is set to.
Result<Value> missing_value(const Column& column, const Mutation& mutation,
                            const MutationContext& context) {
  if (mutation.missing == Missing::kNull) return Value(Null{});
  auto computed = compute_default(column, context.defaults);
  if (!computed) return invalid_request(kForwardCode, "the default of " + column.name);
  return std::move(computed->value);
}

Result<Assignment> read_assignment(const Mutation& mutation, const MutationContext& context) {
  const Table& table = *mutation.table;
  Assignment assignment;
  for (const auto& name : named_columns(mutation)) {
    const auto index = table.column_index(name);
    if (!index) return unknown_column(table, name);
    const Column& column = table.columns[*index];
    const auto token = find_member(mutation.body.rows[0], name);
    if (!token && mutation.missing == Missing::kDefault && is_made_upstream(column)) continue;
    if (auto error = refuse_assigned(column)) return *std::move(error);
    HF_TRY_VOID(check_readable(column));
    HF_TRY(Value value,
           token ? parse_json(column.type, *token) : missing_value(column, mutation, context));
    assignment.columns.push_back(*index);
    assignment.values.push_back(std::move(value));
  }
  return assignment;
}

class Update {
 public:
  explicit Update(const Computation& computation)
      : computation_(computation),
        database_(computation.database),
        catalog_(computation.catalog),
        overlay_(computation.overlay),
        mutation_(computation.mutation),
        table_(computation.table()),
        context_(computation.context) {}

  Computed compute() {
    auto assignment = read_assignment(mutation_, context_);
    if (!assignment) return std::move(assignment).error();
    // As PostgREST has it, an update that sets nothing affects nothing.
    if (assignment->columns.empty() && table_.primary_key) return std::move(changes_);
    auto targets = find_targets(computation_);
    if (auto* ask = std::get_if<AskUpstream>(&targets)) return std::move(*ask);
    if (auto* error = std::get_if<Error>(&targets)) return std::move(*error);
    if (!table_.primary_key) return keyless(targets);
    const auto& rows = std::get<std::vector<Row>>(targets);
    for (const Row& row : rows) {
      if (auto error = change_row(row, *assignment)) return std::move(*error);
    }
    if (auto error = check_constraints(rows)) return std::move(*error);
    for (std::size_t i = 0; i < assignment->columns.size(); ++i) {
      note_reshaped(table_.columns[assignment->columns[i]], assignment->values[i],
                    changes_.reshaped);
    }
    if (changes_.keys.empty() && !context_.sole) changes_.doubt = "no row here matches";
    return std::move(changes_);
  }

 private:
  std::optional<Error> change_row(const Row& before, const Assignment& assignment) {
    Row after = before;
    for (std::size_t i = 0; i < assignment.columns.size(); ++i) {
      after[assignment.columns[i]] = assignment.values[i];
    }
    note_generated(settle_generated(computation_, after, &before));
    if (auto error = check(after, assignment)) return error;
    const std::string old_key = key_of(table_, before);
    const std::string new_key = key_of(table_, after);
    const std::string changes = print_columns(table_, after, assignment.columns);
    if (old_key != new_key) {
      // Whoever names either key must come after this: so both are listed.
      changes_.effects.push_back({relation_of(table_), old_key, EffectKind::kDelete});
      changes_.effects.push_back(
          {relation_of(table_), new_key, EffectKind::kInsert, changes, print_row(table_, after)});
    } else {
      changes_.effects.push_back({relation_of(table_), old_key, EffectKind::kUpdate, changes});
    }
    follow_update(computation_, table_, before, after, changes_);
    add_references(catalog_, table_, after, changes_.references);
    add_former_references(catalog_, table_, before, after, changes_.former_references);
    changes_.keys.push_back(new_key);
    afters_.push_back(std::move(after));
    return std::nullopt;
  }

  // Unique constraints row by row, foreign keys when all rows are as they will be.
  std::optional<Error> check_constraints(const std::vector<Row>& befores) {
    if (table_.primary_key) {
      if (auto error = check_unique(*table_.primary_key, befores)) return error;
    }
    for (const Key& key : table_.unique) {
      if (auto error = check_unique(key, befores)) return error;
    }
    return check_references(
        computation_, afters_, [&](std::size_t i) { return &befores[i]; }, changes_);
  }

  std::optional<Error> check_unique(const Key& key, const std::vector<Row>& befores) {
    std::set<std::string> replaced;
    std::map<std::string, std::size_t> rows_with;  // these values
    const auto changes = [&](std::size_t row) {
      return std::ranges::any_of(key.columns, [&](std::size_t column) {
        return befores[row][column] != afters_[row][column];
      });
    };
    bool none_changes = true;
    for (std::size_t i = 0; i < afters_.size(); ++i) none_changes = none_changes && !changes(i);
    if (none_changes) return std::nullopt;
    for (const Row& before : befores) replaced.insert(key_of(table_, before));
    for (std::size_t i = 0; i < afters_.size(); ++i) {
      if (any_null(afters_[i], key.columns)) continue;
      const auto [other, unique] =
          rows_with.emplace(print_columns(table_, afters_[i], key.columns), i);
      if (!unique) {
        if (are_here_for_sure(key, befores[i], befores[other->second])) {
          return duplicate_key(table_, key, afters_[i]);
        }
        changes_.doubt = "two rows here would have the same values";
      }
      if (!changes(i)) continue;
      auto violation = find_duplicate(computation_, key, afters_[i], replaced);
      if (auto error = refuse_if_proven(std::move(violation), changes_.doubt)) return error;
    }
    return std::nullopt;
  }

  // Two rows of one key could not be shown until the upstream has decided.
  bool are_here_for_sure(const Key& key, const Row& one, const Row& other) const {
    if (&key == &*table_.primary_key || context_.authoritative || context_.sole) return true;
    return overlay_.is_pending(database_, table_, key_of(table_, one)) &&
           overlay_.is_pending(database_, table_, key_of(table_, other));
  }

  // What they are made from may have changed.
  void note_generated(const std::vector<std::size_t>& uncertain) {
    auto& names = changes_.provisional;
    for (const std::size_t index : uncertain) {
      const std::string& name = table_.columns[index].name;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }

  std::optional<Error> check(const Row& after, const Assignment& assignment) const {
    if (computation_.may_be_mended()) return std::nullopt;
    std::set<std::size_t> unknown = unassigned(assignment);
    std::vector<std::string> names;
    names.reserve(unknown.size());
    for (const std::size_t index : unknown) names.push_back(table_.columns[index].name);
    if (auto error = check_row(table_, after, names)) return error;
    if (table_.checks.empty()) return std::nullopt;
    if (context_.authoritative || context_.sole) unknown = unknown_columns(table_, after);
    return check_expressions(table_, after, unknown);
  }

  // These keep the values that they have, which may not be known yet, or are made from such.
  std::set<std::size_t> unassigned(const Assignment& assignment) const {
    std::set<std::size_t> columns;
    for (std::size_t i = 0; i < table_.columns.size(); ++i) columns.insert(i);
    for (const std::size_t index : assignment.columns) columns.erase(index);
    return columns;
  }

  const Computation& computation_;
  Database& database_;
  const Catalog& catalog_;
  const Overlay& overlay_;
  const Mutation& mutation_;
  const Table& table_;
  const MutationContext& context_;
  std::vector<Row> afters_;
  Changes changes_;
};

class Deletion {
 public:
  explicit Deletion(const Computation& computation)
      : computation_(computation),
        database_(computation.database),
        catalog_(computation.catalog),
        overlay_(computation.overlay),
        mutation_(computation.mutation),
        context_(computation.context) {}

  Computed compute() {
    auto targets = find_targets(computation_);
    if (auto* ask = std::get_if<AskUpstream>(&targets)) return std::move(*ask);
    if (auto* error = std::get_if<Error>(&targets)) return std::move(*error);
    if (!computation_.table().primary_key) return keyless(targets);
    const auto& rows = std::get<std::vector<Row>>(targets);
    for (const Row& row : rows) mark(*mutation_.table, row);
    for (const Row& row : rows) {
      changes_.keys.push_back(key_of(*mutation_.table, row));
      // A trigger may change what the row refers to.
      add_references(catalog_, *mutation_.table, row, changes_.references);
    }
    for (const std::size_t place : children_first(*mutation_.table, rows)) {
      remove(*mutation_.table, rows[place], false);
    }
    if (auto error = find_hindrance()) return std::move(*error);
    if (changes_.keys.empty() && !context_.sole) changes_.doubt = "no row here matches";
    return std::move(changes_);
  }

 private:
  // A row that refers to one that goes.
  struct Reference {
    const Table* table;
    Row row;  // that goes
    IncomingKey incoming;
    Row child;
  };

  // Looked for at the end: a child that the deletion takes along, by whatever way, is none.
  std::optional<Error> find_hindrance() {
    for (const auto& [table, row, incoming, child] : references_) {
      if (gone_.contains(relation_of(*incoming.table) + key_of(*incoming.table, child))) continue;
      if (context_.authoritative || context_.sole ||
          has_own_values(computation_, *incoming.table, child, incoming.key->columns)) {
        return still_referenced(*table, *incoming.table, *incoming.key, row);
      }
      changes_.doubt = "rows of " + incoming.table->name + " refer to it";
    }
    return std::nullopt;
  }

  // False when the row goes already.
  bool mark(const Table& table, const Row& row) {
    return gone_.insert(relation_of(table) + key_of(table, row)).second;
  }

  void remove(const Table& table, const Row& row, bool consequence) {
    Effect effect{relation_of(table), key_of(table, row), EffectKind::kDelete};
    effect.consequence = consequence;
    changes_.effects.push_back(std::move(effect));
    for (const IncomingKey& incoming : incoming_keys(catalog_, table)) follow(table, row, incoming);
  }

  void follow(const Table& table, const Row& row, const IncomingKey& incoming) {
    const Table& child = *incoming.table;
    if (!child.primary_key || !overlay_.rows(child).exists(database_)) return;
    std::vector<Value> values;
    for (const std::size_t index : incoming.referenced) values.push_back(row[index]);
    for (const Row& child_row :
         overlay_.rows(child).list_by(database_, incoming.key->columns, values)) {
      switch (incoming.key->on_delete) {
        case ReferentialAction::kCascade:
          if (mark(child, child_row)) remove(child, child_row, true);
          break;
        case ReferentialAction::kSetNull:
        case ReferentialAction::kSetDefault:
          unset(child, child_row, *incoming.key);
          break;
        default:
          references_.push_back({&table, row, incoming, child_row});
      }
    }
  }

  void unset(const Table& child, const Row& before, const ForeignKey& key) {
    const auto& columns = key.set_on_delete.empty() ? key.columns : key.set_on_delete;
    Row after = before;
    unset_columns(computation_, child, columns, key.on_delete, after, changes_);
    append_change(child, before, after, columns, changes_.effects);
  }

  const Computation& computation_;
  Database& database_;
  const Catalog& catalog_;
  const Overlay& overlay_;
  const Mutation& mutation_;
  const MutationContext& context_;
  std::set<std::string> gone_;
  std::vector<Reference> references_;
  Changes changes_;
};

Computed compute(const Computation& computation) {
  switch (computation.mutation.operation) {
    case Operation::kInsert:
      return compute_insertion(computation);
    case Operation::kUpdate:
      return Update(computation).compute();
    case Operation::kDelete:
      return Deletion(computation).compute();
  }
  throw std::logic_error("a mutation of an unknown operation");
}

}  // namespace

bool fires(const Mutation& mutation, const Trigger& trigger) {
  const bool updates = mutation.operation == Operation::kUpdate ||
                       mutation.resolution == Resolution::kMergeDuplicates;
  return (mutation.operation == Operation::kInsert && trigger.on_insert) ||
         (mutation.operation == Operation::kDelete && trigger.on_delete) ||
         (updates && trigger.on_update);
}

Result<void> check_columns(const Mutation& mutation) {
  if (mutation.operation == Operation::kDelete || mutation.body.rows.empty()) {
    // An array without rows still has the columns that it is said to have.
    for (const auto& name : mutation.query.columns()) {
      if (!mutation.table->find_column(name)) return unknown_column(*mutation.table, name);
    }
    return {};
  }
  for (const auto& name : named_columns(mutation)) {
    if (!mutation.table->find_column(name)) return unknown_column(*mutation.table, name);
  }
  return {};
}

Computed compute_changes(Database& database, const Catalog& catalog, const Overlay& overlay,
                         const Mutation& mutation, const MutationContext& context) {
  Computed computed = compute({database, catalog, overlay, mutation, context});
  // Text that only Postgres can read, such as 'now'.
  auto* error = std::get_if<Error>(&computed);
  if (error != nullptr && error->code == kForwardCode) {
    return AskUpstream{std::move(error->message)};
  }
  return computed;
}

}  // namespace holdfast::cache
