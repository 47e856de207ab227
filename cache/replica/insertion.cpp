#include "cache/replica/insertion.h"

#include <algorithm>
#include <set>

#include "cache/replica/constraints.h"
#include "cache/replica/freed_values.h"
#include "cache/replica/generated.h"
#include "cache/replica/key.h"
#include "cache/replica/minted_body.h"
#include "cache/replica/temporary_ids.h"
#include "cache/replica/update_cascade.h"
#include "cache/replica/violations.h"
#include "cache/values/codec.h"
#include "cache/values/input_error.h"
#include "cache/values/stored_number.h"

namespace holdfast::cache {
namespace {

class Insertion {
 public:
  explicit Insertion(const Computation& computation)
      : computation_(computation),
        database_(computation.database),
        catalog_(computation.catalog),
        overlay_(computation.overlay),
        mutation_(computation.mutation),
        table_(computation.table()),
        context_(computation.context) {}

  Computed compute() {
    auto columns = target_columns(mutation_);
    if (!columns) return std::move(columns).error();
    columns_ = *std::move(columns);
    if (auto known = find_conflict_columns(); !known) return std::move(known).error();
    for (std::size_t i = 0; i < mutation_.body.rows.size(); ++i) {
      auto outcome = add_row(mutation_.body.rows[i]);
      if (outcome) return first_reported(*std::move(outcome), mutation_, columns_, i + 1);
    }
    if (!table_.primary_key && !mutation_.body.rows.empty()) {
      return AskUpstream{kNoKey, static_cast<std::int64_t>(mutation_.body.rows.size())};
    }
    // Postgres looks at foreign keys when all rows are there: one may refer to another.
    const auto before = [&](std::size_t i) { return befores_[i] ? &*befores_[i] : nullptr; };
    if (auto error = check_references(computation_, rows_, before, changes_)) return *error;
    const auto inserted = static_cast<std::size_t>(changes_.inserted);
    if (!minted_columns_.empty() && inserted != mutation_.body.rows.size()) {
      return AskUpstream{"an upsert that makes keys for some of its rows only"};
    }
    const auto& ids = changes_.temporary_ids;
    if (!ids.empty() && ids.size() != mutation_.body.rows.size()) {
      return AskUpstream{"keys made by the upstream for some of the rows only"};
    }
    finish_request();
    return std::move(changes_);
  }

 private:
  // nullopt when the row was taken.
  std::optional<Computed> add_row(const RawObject& object) {
    Row row(table_.columns.size(), Null{});
    std::vector<std::size_t> sent;
    row_id_.reset();
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (auto outcome = fill_column(object, i, row, sent)) return outcome;
    }
    note_generated(row);
    if (auto outcome = check(row)) return outcome;
    if (!table_.primary_key) return std::nullopt;
    return place_row(row, sent);
  }

  void note_generated(Row& row) {
    const auto uncertain = settle_generated(computation_, row, nullptr);
    if (context_.authoritative) return;
    for (const std::size_t index : uncertain) note_provisional(table_.columns[index].name);
  }

  std::optional<Computed> check(const Row& row) {
    if (computation_.may_be_mended()) return leave_nulls(row);
    if (auto error = check_row(table_, row, changes_.provisional)) return std::move(*error);
    if (table_.checks.empty()) return std::nullopt;
    if (auto error = check_expressions(table_, row, unknown_columns(table_, row))) {
      return std::move(*error);
    }
    return std::nullopt;
  }

  // What must not be NULL is filled in by the upstream's trigger, or refused then.
  std::optional<Computed> leave_nulls(const Row& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Column& column = table_.columns[i];
      if (column.nullable || !is_null(row[i])) continue;
      if (table_.is_key(i)) return made_upstream(column);
      note_provisional(column.name);
    }
    return std::nullopt;
  }

  static AskUpstream made_upstream(const Column& column) {
    return {"the key column " + column.name + " is made by the upstream"};
  }

  std::optional<Computed> fill_column(const RawObject& object, std::size_t index, Row& row,
                                      std::vector<std::size_t>& sent) {
    const Column& column = table_.columns[index];
    if (std::find(columns_.begin(), columns_.end(), index) != columns_.end()) {
      if (const auto token = find_member(object, column.name)) {
        if (auto error = refuse_generated(table_, column)) return std::move(*error);
        if (auto readable = check_readable(column); !readable) return std::move(readable).error();
        auto value = parse_json(column.type, *token);
        if (!value) return std::move(value).error();
        note_reshaped(column, *value, changes_.reshaped);
        row[index] = *std::move(value);
        sent.push_back(index);
        if (table_.is_key(index)) random_keys_ = false;
        return std::nullopt;
      }
      if (mutation_.missing == Missing::kNull) {
        sent.push_back(index);
        return std::nullopt;
      }
    }
    return fill_default(index, row);
  }

  std::optional<Computed> fill_default(std::size_t index, Row& row) {
    const Column& column = table_.columns[index];
    // Once the row's other columns are known.
    if (column.generated != Generated::kNo && !table_.is_key(index)) return std::nullopt;
    auto computed = compute_default(column, context_.defaults);
    if (!computed && context_.authoritative) computed = next_in_sequence(index);
    if (!computed && context_.temporary_ids && TemporaryIds::column_of(table_) == index) {
      row_id_ = next_temporary_id();
      row[index] = *row_id_;
      random_keys_ = false;
      note_provisional(column.name);
      return std::nullopt;
    }
    if (!computed && table_.is_key(index)) return made_upstream(column);
    if (!computed) {
      note_provisional(column.name);
      return std::nullopt;
    }
    if (table_.is_key(index) && !computed->random) random_keys_ = false;
    if (table_.is_key(index)) minted_columns_.insert(index);
    row[index] = std::move(computed->value);
    return std::nullopt;
  }

  void note_provisional(const std::string& name) {
    auto& names = changes_.provisional;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }

  std::int64_t next_temporary_id() {
    next_id_ = next_id_ ? *next_id_ - 1 : TemporaryIds::next(database_, overlay_, table_);
    return *next_id_;
  }

  // Only where the local store is the truth: one more than the largest value.
  std::optional<ComputedDefault> next_in_sequence(std::size_t index) {
    const Column& column = table_.columns[index];
    if (column.generated != Generated::kNo) return ComputedDefault{Null{}};
    if (!is_integer(column.type.kind)) return std::nullopt;
    return ComputedDefault{overlay_.rows(table_).largest(database_, index) + ++sequence_steps_};
  }

  std::optional<Computed> place_row(const Row& row, const std::vector<std::size_t>& sent) {
    const std::string key = key_of(table_, row);
    if (!keys_in_request_.insert(key).second) return duplicate_in_request(row);
    if (mutation_.resolution != Resolution::kNone) return place_upsert(row, sent, key);
    if (auto outcome = refuse_duplicate_key(row)) return outcome;
    if (auto outcome = refuse_duplicate_values(row)) return outcome;
    add_effect(EffectKind::kInsert, row, sent, key);
    ++changes_.inserted;
    return std::nullopt;
  }

  std::optional<Computed> duplicate_in_request(const Row& row) {
    if (mutation_.resolution == Resolution::kIgnoreDuplicates) return std::nullopt;
    if (mutation_.resolution == Resolution::kMergeDuplicates) return refuse_twice(affected_twice());
    return refuse_twice(duplicate_key(table_, *table_.primary_key, row));
  }

  // A trigger may tell them apart, or take one of them away, before they are compared.
  Computed refuse_twice(Error error) const {
    if (computation_.may_be_mended()) return AskUpstream{"one key twice, before a trigger"};
    return error;
  }

  // A row that is already here: only one's own pending write proves it, the rest may be stale.
  std::optional<Computed> refuse_duplicate_key(const Row& row) {
    const auto other = overlay_.rows(table_).find(database_, key_values(table_, row));
    if (!other) return std::nullopt;
    // Its text may be another one for the same value: 1 and 1.0.
    const std::string key = key_of(table_, other->row);
    if (context_.authoritative || context_.sole || overlay_.is_pending(database_, table_, key)) {
      return duplicate_key(table_, *table_.primary_key, row);
    }
    changes_.doubt = "a row with this key is here";
    return std::nullopt;
  }

  // The same for the unique constraints beside the key, but for the one that decides an upsert.
  // `replaced`: the row here that becomes `row`.
  std::optional<Computed> refuse_duplicate_values(const Row& row,
                                                  const std::set<std::string>& replaced = {}) {
    for (const Key& unique : table_.unique) {
      if (any_null(row, unique.columns) || decides_conflicts(unique)) continue;
      if (repeats_in_request(row, unique.columns)) {
        return refuse_twice(duplicate_key(table_, unique, row));
      }
      auto violation = find_duplicate(computation_, unique, row, replaced);
      if (auto error = refuse_if_proven(std::move(violation), changes_.doubt)) return error;
    }
    return std::nullopt;
  }

  bool decides_conflicts(const Key& unique) const {
    return mutation_.resolution != Resolution::kNone &&
           std::is_permutation(unique.columns.begin(), unique.columns.end(),
                               conflict_columns_.begin(), conflict_columns_.end());
  }

  bool repeats_in_request(const Row& row, const std::vector<std::size_t>& columns) const {
    return std::any_of(rows_.begin(), rows_.end(), [&](const Row& earlier) {
      return std::all_of(columns.begin(), columns.end(),
                         [&](std::size_t index) { return earlier[index] == row[index]; });
    });
  }

  std::optional<Computed> place_upsert(const Row& row, const std::vector<std::size_t>& sent,
                                       const std::string& key) {
    const bool comparable = !any_null(row, conflict_columns_);
    const bool ignore = mutation_.resolution == Resolution::kIgnoreDuplicates;
    if (comparable && repeats_in_request(row, conflict_columns_)) {
      if (ignore) return std::nullopt;
      return refuse_twice(affected_twice());
    }
    const auto existing = comparable
                              ? overlay_.rows(table_).find_by(database_, conflict_columns_, row)
                              : std::nullopt;
    if (!existing) {
      // Sent with a key of our own, the upsert would give it to a row that only the upstream has.
      if (!minted_columns_.empty() && conflict_columns_ != table_.primary_key->columns) {
        return AskUpstream{"an upsert by other columns than the key, of a row that is not here"};
      }
      if (conflict_columns_ != table_.primary_key->columns) {
        if (auto outcome = refuse_duplicate_key(row)) return outcome;
      }
      if (auto outcome = refuse_duplicate_values(row)) return outcome;
      if (comparable) go_after_who_frees(row);
      add_effect(ignore ? EffectKind::kInsertIgnore : EffectKind::kInsert, row, sent, key);
      ++changes_.inserted;
      return std::nullopt;
    }
    // A row that is found keeps its own key; by the key itself only one that was sent is found.
    if (conflict_columns_ != table_.primary_key->columns) minted_columns_.clear();
    if (!ignore) return overwrite(existing->row, row, sent);
    leave(key_of(table_, existing->row), row, sent);
    return std::nullopt;
  }

  // Sent before the write that takes these values from a row, the upsert would change that row.
  void go_after_who_frees(const Row& row) {
    if (conflict_columns_ == table_.primary_key->columns) return;
    if (!freed_) freed_.emplace(computation_, conflict_columns_);
    if (auto key = freed_->row_with(row)) {
      changes_.references.emplace_back(relation_of(table_), *std::move(key));
    }
  }

  // The row that is here may be gone upstream, unless an own pending write has made it.
  void leave(const std::string& key, const Row& row, const std::vector<std::size_t>& sent) {
    if (context_.authoritative || context_.sole) return;
    if (overlay_.is_pending(database_, table_, key)) return;
    changes_.doubt = "a row with this key is here";
    if (conflict_columns_ != table_.primary_key->columns) return;
    add_references(catalog_, table_, row, changes_.references);
    changes_.effects.push_back({relation_of(table_), key, EffectKind::kInsertIgnore,
                                print_columns(table_, row, sent), print_row(table_, row)});
  }

  std::optional<Computed> overwrite(const Row& before, const Row& row,
                                    const std::vector<std::size_t>& sent) {
    Row after = before;
    for (const std::size_t index : sent) after[index] = row[index];
    compute_generated(table_, after, &before);
    const std::string old_key = key_of(table_, before);
    const std::string new_key = key_of(table_, after);
    if (auto outcome = refuse_duplicate_values(after, {old_key})) return outcome;
    if (new_key != old_key) {
      if (auto outcome = refuse_taken_key(after, old_key)) return outcome;
      // Whoever names either key must come after this: so both are listed.
      changes_.effects.push_back({relation_of(table_), old_key, EffectKind::kDelete});
    }
    std::vector<std::size_t> changed = sent;
    if (new_key == old_key) std::erase_if(changed, [&](auto i) { return table_.is_key(i); });
    Effect effect{relation_of(table_), new_key, EffectKind::kInsert,
                  print_columns(table_, after, changed)};
    effect.row = new_key != old_key ? print_row(table_, after) : made_anew(before, row);
    changes_.effects.push_back(std::move(effect));
    follow_update(computation_, table_, before, after, changes_);
    add_references(catalog_, table_, row, changes_.references);
    add_former_references(catalog_, table_, before, after, changes_.former_references);
    changes_.keys.push_back(new_key);
    rows_.push_back(std::move(after));
    befores_.emplace_back(before);
    return std::nullopt;
  }

  // Shown once the row is gone upstream: then the upsert will make it anew.
  std::string made_anew(const Row& before, const Row& row) const {
    Row made = row;
    for (const std::size_t index : table_.primary_key->columns) made[index] = before[index];
    return print_row(table_, made);
  }

  // The new key of the row at `old_key` may be another's.
  std::optional<Computed> refuse_taken_key(const Row& after, const std::string& old_key) {
    auto violation = find_duplicate(computation_, *table_.primary_key, after, {old_key});
    return refuse_if_proven(std::move(violation), changes_.doubt);
  }

  void add_effect(EffectKind kind, const Row& row, const std::vector<std::size_t>& sent,
                  const std::string& key) {
    Effect effect{relation_of(table_), key, kind, print_columns(table_, row, sent)};
    effect.row = sent.size() == row.size() ? effect.changes : print_row(table_, row);
    if (!holds_json_null(table_, row)) effect.values = row;  // printed, it is no value
    add_references(catalog_, table_, row, changes_.references);
    changes_.effects.push_back(std::move(effect));
    changes_.keys.push_back(key);
    rows_.push_back(row);
    befores_.emplace_back();
    if (row_id_) changes_.temporary_ids.push_back(*row_id_);
  }

  Result<void> find_conflict_columns() {
    if (mutation_.single || mutation_.query.on_conflict().empty()) {
      if (table_.primary_key) conflict_columns_ = table_.primary_key->columns;
    } else {
      for (const auto& name : mutation_.query.on_conflict()) {
        const auto index = table_.column_index(name);
        if (!index) return unknown_conflict_column(computation_, name);
        conflict_columns_.push_back(*index);
      }
      const auto unique = require_unique(table_, conflict_columns_);
      if (!unique) return catalog_.is_partial() ? only_upstream("an unknown key") : unique.error();
    }
    const bool upsert = mutation_.resolution != Resolution::kNone && !context_.authoritative;
    if (!upsert || compare_exactly(table_, conflict_columns_)) return {};
    return only_upstream("an upsert by values that are not compared here");
  }

  // The request as it is to be sent: the app's own rows, and the keys that were minted for them.
  void finish_request() {
    changes_.minted_key = !minted_columns_.empty() && random_keys_;
    for (const std::size_t index : columns_) changes_.columns.push_back(table_.columns[index].name);
    for (const std::size_t index : minted_columns_) {
      const auto& name = table_.columns[index].name;
      if (std::find(changes_.columns.begin(), changes_.columns.end(), name) ==
          changes_.columns.end()) {
        changes_.columns.push_back(name);
      }
    }
    changes_.body = print_with_minted(table_, mutation_.body, minted_columns_, rows_);
  }

  const Computation& computation_;
  Database& database_;
  const Catalog& catalog_;
  const Overlay& overlay_;
  const Mutation& mutation_;
  const Table& table_;
  const MutationContext& context_;
  Changes changes_;
  std::vector<std::size_t> columns_;
  std::vector<std::size_t> conflict_columns_;
  std::set<std::size_t> minted_columns_;
  std::optional<FreedValues> freed_;  // in the conflict columns
  std::set<std::string> keys_in_request_;
  std::vector<Row> rows_;                    // as they are written
  std::vector<std::optional<Row>> befores_;  // what each of them was
  std::int64_t sequence_steps_ = 0;
  std::optional<std::int64_t> next_id_;
  std::optional<std::int64_t> row_id_;  // the temporary id of the row at hand
  bool random_keys_ = true;             // all key values so far are random and made here
};

}  // namespace

Computed compute_insertion(const Computation& computation) {
  return Insertion(computation).compute();
}

}  // namespace holdfast::cache
