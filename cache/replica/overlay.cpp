#include "cache/replica/overlay.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "cache/replica/generated.h"
#include "cache/replica/key.h"
#include "cache/replica/meta.h"
#include "cache/replica/shown_base.h"

namespace holdfast::cache {
namespace {

bool has_generated(const Table& table) {
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [](const Column& column) { return column.generated != Generated::kNo; });
}

std::optional<Row> merged(const Table& table, std::string_view changes, std::optional<Row> row) {
  const std::optional<Row> before = has_generated(table) ? row : std::nullopt;
  if (auto outcome = merge_kept_row(table, changes, *row); !outcome) {
    throw std::runtime_error("a stored change cannot be read: " + outcome.error().message);
  }
  if (before) compute_generated(table, *row, &*before);
  return row;
}

Effect read_effect(const Statement& statement) {
  Effect effect;
  effect.relation = statement.text(0);
  effect.key = statement.text(1);
  effect.kind = static_cast<EffectKind>(statement.integer(2));
  effect.changes = statement.text(3);
  const bool insert =
      effect.kind == EffectKind::kInsert || effect.kind == EffectKind::kInsertIgnore;
  effect.row = insert && statement.is_null(4) ? effect.changes : statement.text(4);
  if (!statement.is_null(5)) effect.base = std::string(statement.text(5));
  effect.consequence = statement.integer(6) != 0;
  effect.ordinal = statement.integer(7);
  return effect;
}

Row inserted_row(const Table& table, const Effect& effect) {
  return effect.values ? *effect.values : read_stored(table, effect.row);
}

constexpr const char* kInsertEffect =
    "INSERT INTO hf_effects(entry, ordinal, relation, key, kind, changes, row, base,"
    " consequence, active) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1)";
constexpr const char* kAcknowledgements = "acknowledgements";  // how many there were
constexpr const char* kEffectsOfEntry =
    "SELECT relation, key, kind, changes, row, base, consequence, ordinal FROM hf_effects"
    " WHERE entry=?1 ORDER BY ordinal";
constexpr const char* kEffectsOfRow =
    "SELECT relation, key, kind, changes, row, base, consequence, ordinal FROM hf_effects"
    " WHERE relation=?1 AND key=?2 AND active=1 ORDER BY entry, ordinal";

}  // namespace

Row read_stored(const Table& table, std::string_view object) {
  Row row(table.columns.size(), Null{});
  if (auto outcome = merge_kept_row(table, object, row); !outcome) {
    throw std::runtime_error("a stored row cannot be read: " + outcome.error().message);
  }
  return row;
}

std::optional<Row> apply_effect(const Table& table, const Effect& effect, std::optional<Row> row) {
  switch (effect.kind) {
    case EffectKind::kInsert:
      return row ? merged(table, effect.changes, std::move(row)) : inserted_row(table, effect);
    case EffectKind::kInsertIgnore:
      return row ? std::move(row) : inserted_row(table, effect);
    case EffectKind::kUpdate:
      return row ? merged(table, effect.changes, std::move(row)) : std::nullopt;
    case EffectKind::kDelete:
      return std::nullopt;
  }
  throw std::logic_error("an effect of an unknown kind");
}

Overlay::Overlay(const Catalog& catalog) : catalog_(catalog) {
  for (const Table& table : catalog.tables()) {
    stores_.emplace(&table, RowStore(table));
    tables_.emplace(relation_of(table), &table);
  }
}

const Table* Overlay::find_table(std::string_view relation) const {
  const auto found = tables_.find(relation);
  return found == tables_.end() ? nullptr : found->second;
}

void Overlay::apply(Transaction& transaction, std::int64_t entry, std::span<Effect> effects) {
  std::int64_t ordinal = 0;
  for (Effect& effect : effects) {
    const Table& table = *find_table(effect.relation);
    Base base = load_base(transaction.database(), table, effect.key);
    if (base.row && base.pending) {
      base.row = shown_base(transaction.database(), table, effect.key, *std::move(base.row));
    }
    if (base.row) effect.base = print_row(table, *base.row);
    if (!base.pending) save_base(transaction, table, effect.key, base.row);
    Statement& insert = transaction.database().cached(kInsertEffect);
    insert.bind(1, entry).bind(2, ordinal++).bind_borrowed(3, effect.relation);
    insert.bind_borrowed(4, effect.key).bind(5, static_cast<std::int64_t>(effect.kind));
    insert.bind_borrowed(6, effect.changes);
    // The whole row of a request that names all columns is not kept twice.
    if (!effect.row.empty() && effect.row != effect.changes) insert.bind_borrowed(7, effect.row);
    if (effect.base) insert.bind_borrowed(8, *effect.base);
    insert.bind(9, std::int64_t{effect.consequence});
    insert.run();
    if (base.pending) {
      recompute(transaction, table, effect.key);
    } else {
      // The first effect on the row: nothing else is between it and the base.
      show(transaction, table, effect.key, apply_effect(table, effect, base.row));
    }
  }
}

void Overlay::put_base(Transaction& transaction, const Table& table, const std::string& key,
                       const std::optional<Row>& image) {
  const Base known = load_base(transaction.database(), table, key);
  if (!known.pending) {
    show(transaction, table, key, image);
    return;
  }
  save_base(transaction, table, key, image);
  if (known.presumed != Presumed::kNo) {
    Change change{known.row ? std::optional(print_row(table, *known.row)) : std::nullopt};
    change.of_unnamed = known.presumed == Presumed::kTouched;
    rebase_effects(transaction, table, key, 0, change);
  }
  recompute(transaction, table, key);
}

void Overlay::put_clean(Transaction& transaction, const Table& table, const Row& row) {
  rows(table).put(transaction, row);
}

void Overlay::supersede(Transaction& transaction, std::int64_t entry,
                        const std::vector<UpstreamImage>& images) {
  end_with(transaction, entry, images);
  refresh(transaction, entry);
}

std::vector<Effect> Overlay::end_with(Transaction& transaction, std::int64_t entry,
                                      const std::vector<UpstreamImage>& images) {
  auto ended = effects(transaction.database(), entry);
  set_standing(transaction, entry, Standing::kEnded);
  note_acknowledgement(transaction, ended);
  for (const auto& image : images) take_answer(transaction, image, ended);
  return ended;
}

void Overlay::drop(Transaction& transaction, std::int64_t entry) {
  take_back(transaction, entry, Standing::kEnded);
}

void Overlay::suspend(Transaction& transaction, std::int64_t entry) {
  take_back(transaction, entry, Standing::kSuspended);
}

void Overlay::take_back(Transaction& transaction, std::int64_t entry, Standing standing) {
  set_standing(transaction, entry, standing);
  refresh(transaction, entry);
}

void Overlay::reactivate(Transaction& transaction, std::int64_t entry) {
  for (const Effect& effect : effects(transaction.database(), entry)) {
    const Table* table = find_table(effect.relation);
    if (table == nullptr) continue;
    const Base base = load_base(transaction.database(), *table, effect.key);
    if (!base.pending) save_base(transaction, *table, effect.key, base.row);
  }
  set_standing(transaction, entry, Standing::kShown);
  refresh(transaction, entry);
}

std::vector<Effect> Overlay::effects(Database& database, std::int64_t entry) const {
  Statement& statement = database.cached(kEffectsOfEntry);
  statement.bind(1, entry);
  std::vector<Effect> effects;
  while (statement.step()) effects.push_back(read_effect(statement));
  return effects;
}

std::vector<std::int64_t> Overlay::later_on_its_rows(Database& database, std::int64_t entry) const {
  Statement& statement = database.cached(
      "SELECT DISTINCT e.entry FROM hf_effects mine JOIN hf_effects e ON e.relation=mine.relation"
      " AND e.key=mine.key AND e.active=1 AND e.entry>?1 WHERE mine.entry=?1 ORDER BY e.entry");
  statement.bind(1, entry);
  std::vector<std::int64_t> later;
  while (statement.step()) later.push_back(statement.integer(0));
  return later;
}

bool Overlay::has_pending(Database& database, const Table& table) const {
  return pending_rows(database, relation_of(table)) > 0;
}

bool Overlay::is_pending(Database& database, const Table& table, const std::string& key) const {
  return load_base(database, table, key).pending;
}

std::int64_t Overlay::pending_rows(Database& database, const std::string& relation) const {
  Statement& statement = database.cached("SELECT count(*) FROM hf_pending_base WHERE relation=?1");
  statement.bind(1, std::string_view(relation)).step();
  const std::int64_t rows = statement.integer(0);
  statement.reset();
  return rows;
}

std::optional<Row> Overlay::base_of(Database& database, const Table& table,
                                    const std::string& key) const {
  return load_base(database, table, key).row;
}

void Overlay::for_each_base(
    Database& database, const Table& table,
    const std::function<void(const std::string& key, const Row& row)>& row) const {
  // Rows with a base are visited there: the visible row is not the upstream's.
  Statement pending(database, "SELECT key, image FROM hf_pending_base WHERE relation=?1");
  pending.bind(1, std::string_view(relation_of(table)));
  std::set<std::string, std::less<>> set_aside;
  while (pending.step()) {
    set_aside.emplace(pending.text(0));
    if (!pending.is_null(1)) row(std::string(pending.text(0)), read_stored(table, pending.text(1)));
  }
  rows(table).for_each(database, [&](const Row& visible) {
    const std::string key = key_of(table, visible);
    if (!set_aside.contains(key)) row(key, visible);
  });
}

std::int64_t Overlay::acknowledgements(Database& database) const {
  return meta_number(database, kAcknowledgements).value_or(0);
}

void Overlay::note_acknowledgement(Transaction& transaction,
                                   const std::vector<Effect>& ended) const {
  Database& database = transaction.database();
  const std::int64_t number = acknowledgements(database) + 1;
  put_meta(database, kAcknowledgements, number);
  Statement& rows = database.cached(
      "INSERT INTO hf_acknowledged_rows VALUES(?1, ?2, ?3)"
      " ON CONFLICT DO UPDATE SET acknowledgement=excluded.acknowledgement");
  for (const Effect& effect : ended) {
    rows.bind(1, std::string_view(effect.relation)).bind(2, std::string_view(effect.key));
    rows.bind(3, number).run();
  }
}

Overlay::Base Overlay::load_base(Database& database, const Table& table,
                                 const std::string& key) const {
  Statement& statement =
      database.cached("SELECT image, presumed FROM hf_pending_base WHERE relation=?1 AND key=?2");
  const std::string relation = relation_of(table);
  statement.bind_borrowed(1, relation).bind_borrowed(2, key);
  if (statement.step()) {
    Base base{true, std::nullopt, static_cast<Presumed>(statement.integer(1))};
    if (!statement.is_null(0)) base.row = read_stored(table, statement.text(0));
    statement.reset();
    return base;
  }
  auto stored = rows(table).find(database, key_values(table, key));
  return {false, stored ? std::optional<Row>(std::move(stored->row)) : std::nullopt};
}

void Overlay::save_base(Transaction& transaction, const Table& table, const std::string& key,
                        const std::optional<Row>& image) const {
  Statement& statement = transaction.database().cached(
      "INSERT INTO hf_pending_base(relation, key, image) VALUES(?1, ?2, ?3)"
      " ON CONFLICT DO UPDATE SET image=excluded.image, presumed=0");
  const std::string relation = relation_of(table);
  statement.bind_borrowed(1, relation).bind_borrowed(2, key);
  if (image) statement.bind(3, std::string_view(print_image(table, *image)));
  statement.run();
}

void Overlay::forget_base(Transaction& transaction, const Table& table,
                          const std::string& key) const {
  Statement& statement =
      transaction.database().cached("DELETE FROM hf_pending_base WHERE relation=?1 AND key=?2");
  statement.bind(1, std::string_view(relation_of(table))).bind(2, std::string_view(key)).run();
}

void Overlay::show(Transaction& transaction, const Table& table, const std::string& key,
                   const std::optional<Row>& row) const {
  if (row) {
    rows(table).put(transaction, *row);
  } else {
    rows(table).erase(transaction, key_values(table, key));
  }
}

void Overlay::recompute(Transaction& transaction, const Table& table, const std::string& key) {
  Base base = load_base(transaction.database(), table, key);
  if (!base.pending) return;
  const auto states = states_of(transaction.database(), table, key, std::move(base.row));
  show(transaction, table, key, states.back());
  if (states.size() == 1) forget_base(transaction, table, key);
}

std::vector<std::optional<Row>> Overlay::states_of(Database& database, const Table& table,
                                                   const std::string& key,
                                                   std::optional<Row> base) const {
  std::vector<std::optional<Row>> states;
  states.push_back(std::move(base));
  Statement& statement = database.cached(kEffectsOfRow);
  statement.bind(1, std::string_view(relation_of(table))).bind(2, std::string_view(key));
  while (statement.step()) {
    states.push_back(apply_effect(table, read_effect(statement), states.back()));
  }
  return states;
}

void Overlay::rebase(Transaction& transaction, std::int64_t entry,
                     std::span<const Effect> replacements) {
  keep_bases_of_moved(transaction, entry);
  end_others(transaction, entry, replacements);
  Statement& update = transaction.database().cached(
      "UPDATE hf_effects SET kind=?4, changes=?5, row=?6, base=?7"
      " WHERE entry=?1 AND relation=?2 AND key=?3 AND consequence=0");
  for (const Effect& effect : replacements) {
    update.bind(1, entry).bind(2, std::string_view(effect.relation));
    update.bind(3, std::string_view(effect.key));
    update.bind(4, static_cast<std::int64_t>(effect.kind));
    update.bind(5, std::string_view(effect.changes));
    update.bind(6, Null{}).bind(7, Null{});
    if (!effect.row.empty()) update.bind(6, std::string_view(effect.row));
    if (effect.base) update.bind(7, std::string_view(*effect.base));
    update.run();
  }
  for (const Effect& effect : replacements) {
    if (const Table* table = find_table(effect.relation)) {
      recompute(transaction, *table, effect.key);
    }
  }
}

void Overlay::end_others(Transaction& transaction, std::int64_t entry,
                         std::span<const Effect> kept) {
  for (const Effect& effect : effects(transaction.database(), entry)) {
    const bool stays =
        effect.consequence || std::any_of(kept.begin(), kept.end(), [&](const Effect& other) {
          return other.relation == effect.relation && other.key == effect.key;
        });
    if (stays) continue;
    Statement& end = transaction.database().cached(
        "DELETE FROM hf_effects WHERE entry=?1 AND relation=?2 AND key=?3 AND consequence=0");
    end.bind(1, entry).bind(2, std::string_view(effect.relation));
    end.bind(3, std::string_view(effect.key)).run();
    if (const Table* table = find_table(effect.relation)) {
      recompute(transaction, *table, effect.key);
    }
  }
}

void Overlay::hand_over(Transaction& transaction, std::int64_t entry, std::span<const Effect> part,
                        std::int64_t other) const {
  Statement& update = transaction.database().cached(
      "UPDATE hf_effects SET entry=?4 WHERE entry=?1 AND ordinal BETWEEN ?2 AND ?3");
  update.bind(1, entry).bind(2, part.front().ordinal).bind(3, part.back().ordinal);
  update.bind(4, other).run();
}

void Overlay::set_standing(Transaction& transaction, std::int64_t entry, Standing standing) const {
  Statement& statement =
      transaction.database().cached("UPDATE hf_effects SET active=?2 WHERE entry=?1");
  statement.bind(1, entry).bind(2, static_cast<std::int64_t>(standing)).run();
}

}  // namespace holdfast::cache
