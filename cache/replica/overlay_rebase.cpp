#include <algorithm>
#include <utility>

#include "cache/replica/key.h"
#include "cache/replica/overlay.h"
#include "cache/replica/shown_base.h"

// Hard case 7: what later writes of a row are based on once an earlier one has ended.
namespace holdfast::cache {
namespace {

// What the effect itself makes of a row, and what the upstream makes from that.
std::vector<std::size_t> own_columns(const Table& table, const std::string& changes) {
  std::vector<std::size_t> columns;
  const auto body = parse_body(changes);
  const auto names = body && !body->rows.empty() ? body->rows[0] : RawObject();
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (find_member(names, column.name) || column.generated != Generated::kNo) columns.push_back(i);
  }
  return columns;
}

bool names_a_difference(const Table& table, const std::string& changes, const Row& before,
                        const Row& after) {
  const auto columns = own_columns(table, changes);
  return std::any_of(columns.begin(), columns.end(), [&](std::size_t column) {
    const bool made = table.columns[column].generated != Generated::kNo;
    return !made && before[column] != after[column];
  });
}

// Whether only the upstream can tell what the column has in a row that does not name it.
bool is_made_there(const Column& column) {
  if (column.identity != Identity::kNo) return true;
  if (!column.default_expression) return false;
  const std::string& text = *column.default_expression;
  const char first = text.empty() ? '(' : text.front();
  const bool constant = first == '\'' || first == '-' || (first >= '0' && first <= '9') ||
                        text == "true" || text == "false";
  return !constant || text.find('(') != std::string::npos;
}

// What a row was at the key that it leaves, where it does; its new place follows upon it.
std::optional<std::string> left_at(const Effect& effect) {
  return effect.kind == EffectKind::kDelete && !effect.consequence ? effect.base : std::nullopt;
}

// A row as a write that takes it to another key makes it of what it was, `left`.
Row row_after_move(const Table& table, const Effect& at_new_key, const std::string& left) {
  const auto values = key_values(table, at_new_key.key);
  Row row = *apply_effect(table, at_new_key, read_stored(table, left));
  for (std::size_t i = 0; i < values.size(); ++i) row[table.primary_key->columns[i]] = values[i];
  return row;
}

// The same once that is done: what it compared or names is as it is now, the rest as it was.
std::optional<Row> moved_row(const Table& table, const Effect& ended, const UpstreamImage& image,
                             const std::string& left) {
  if (image.guarded || !image.row) return std::nullopt;
  Row made = read_stored(table, left);
  std::vector<std::size_t> seen = own_columns(table, ended.changes);
  seen.insert(seen.end(), image.compared.begin(), image.compared.end());
  if (table.primary_key) {
    const auto& key = table.primary_key->columns;
    seen.insert(seen.end(), key.begin(), key.end());
  }
  for (const std::size_t column : seen) made[column] = (*image.row)[column];
  return made;
}

// What the write that ended made of its row, which is `image` now.
std::optional<Row> made_row(const Table& table, const Effect& ended, const UpstreamImage& image) {
  if (image.others == Others::kNone || !image.row) return std::nullopt;
  if (ended.kind != EffectKind::kInsert && ended.kind != EffectKind::kUpdate) return std::nullopt;
  std::optional<Row> base;
  if (ended.base) base = read_stored(table, *ended.base);
  auto made = apply_effect(table, ended, std::move(base));
  if (!made) return std::nullopt;
  const auto own = own_columns(table, ended.changes);
  for (std::size_t i = 0; i < made->size(); ++i) {
    const Column& column = table.columns[i];
    const bool named = std::find(own.begin(), own.end(), i) != own.end();
    const bool told =
        named ? image.others == Others::kUnnamed : !ended.base && is_made_there(column);
    if (told || table.is_key(i) || column.generated != Generated::kNo) (*made)[i] = (*image.row)[i];
  }
  return made;
}

// What is presumed of a row of which no answer tells.
Overlay::Presumed presumed_of(const Table& table, const Effect& effect, Overlay::Presumed before) {
  // A row that was there was left as it is, and is another's.
  if (effect.kind == EffectKind::kInsertIgnore) return before;
  if (!effect.consequence || before == Overlay::Presumed::kWritten) {
    return Overlay::Presumed::kWritten;
  }
  // What a foreign key does is known, but for the triggers that it sets off.
  const bool triggered =
      std::ranges::any_of(table.triggers, [](const Trigger& trigger) { return trigger.on_update; });
  return triggered ? Overlay::Presumed::kTouched : before;
}

}  // namespace

void Overlay::acknowledge(Transaction& transaction, std::int64_t entry,
                          const std::vector<UpstreamImage>& images) {
  const auto ended = end_with(transaction, entry, images);
  std::optional<std::string> left;
  for (const Effect& effect : ended) {
    const Table* found = find_table(effect.relation);
    const auto moved_from = std::exchange(left, left_at(effect));
    if (found == nullptr) continue;
    const Table& table = *found;
    const auto known = std::find_if(images.begin(), images.end(), [&](const UpstreamImage& image) {
      return image.table == &table && image.key == effect.key;
    });
    if (known == images.end()) {
      const Base base = load_base(transaction.database(), table, effect.key);
      save_base(transaction, table, effect.key, apply_effect(table, effect, base.row));
      if (const Presumed how = presumed_of(table, effect, base.presumed); how != Presumed::kNo) {
        presume(transaction, table, effect.key, how);
      }
      read_again(transaction, effect.relation, effect.key);
    }
    const bool moved = effect.kind == EffectKind::kInsert && !effect.base;
    rebase_later(transaction, effect, entry, known == images.end() ? nullptr : &*known,
                 moved ? moved_from : std::nullopt);
    recompute(transaction, table, effect.key);
  }
}

Row shown_base(Database& database, const Table& table, const std::string& key, Row image) {
  Statement& earlier = database.cached(
      "SELECT changes, base FROM hf_effects WHERE relation=?1 AND key=?2 AND active=1"
      " AND kind IN (1, 3) AND base IS NOT NULL ORDER BY entry, ordinal");
  earlier.bind(1, std::string_view(relation_of(table))).bind(2, std::string_view(key));
  while (earlier.step()) {
    const Row base = read_stored(table, earlier.text(1));
    const auto body = parse_body(earlier.text(0));
    for (const auto& [name, token] : body && !body->rows.empty() ? body->rows[0] : RawObject()) {
      if (const auto column = table.column_index(name)) image[*column] = base[*column];
    }
  }
  earlier.reset();
  return image;
}

// The base of a later write: `base` with what our own write made of the row, which is `after` now.
std::optional<Row> Overlay::base_after(const Table& table, const std::optional<std::string>& base,
                                       const Change& change, const std::optional<Row>& after) {
  // It came or went: then all of it is news, unless others may have written a part of it.
  if (!base || !change.before || !after) return after && change.made ? change.made : after;
  // Nobody else had touched the row before, nor while it was sent.
  if (change.alone && base == change.before) return after;
  Row row = read_stored(table, *base);
  if (change.own) {
    const Row then = read_stored(table, *change.before);
    for (const std::size_t column : change.compared) {
      if (row[column] == then[column]) row[column] = (*after)[column];
    }
    // Not the version either: the next write is to find out what it has not seen.
    const Row& source = change.made ? *change.made : *after;
    for (const std::size_t column : *change.own) row[column] = source[column];
    return row;
  }
  const Row then = read_stored(table, *change.before);
  for (std::size_t i = 0; i < row.size(); ++i) {
    if ((*after)[i] != then[i]) row[i] = (*after)[i];
  }
  return row;
}

void Overlay::follow(Transaction& transaction, const Table& table, const Row& before,
                     const Row& after) const {
  Change change{print_row(table, before), false, std::vector<std::size_t>()};
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] != after[i]) change.compared.push_back(i);
  }
  change.after = &after;
  const std::string key = key_of(table, after);
  if (!change.compared.empty()) rebase_effects(transaction, table, key, 0, change);
  presume(transaction, table, key, Presumed::kNo);
}

void Overlay::rebase_later(Transaction& transaction, const Effect& ended, std::int64_t entry,
                           const UpstreamImage* image,
                           const std::optional<std::string>& left) const {
  const Table* table = find_table(ended.relation);
  if (table == nullptr) return;
  Change change{ended.base, false, own_columns(*table, ended.changes)};
  if (left) change.before = print_row(*table, row_after_move(*table, ended, *left));
  if (image != nullptr) {
    change.alone = image->guarded;
    change.compared = image->compared;
    const bool moved = left && image->others == Others::kNone;
    change.made = moved ? moved_row(*table, ended, *image, *left) : made_row(*table, ended, *image);
  }
  rebase_effects(transaction, *table, ended.key, entry, change);
}

void Overlay::keep_bases_of_moved(Transaction& transaction, std::int64_t entry) const {
  std::optional<std::string> left;
  for (const Effect& effect : effects(transaction.database(), entry)) {
    const Table* table = find_table(effect.relation);
    const auto from = std::exchange(left, left_at(effect));
    if (table == nullptr || !from || effect.kind != EffectKind::kInsert || effect.base) continue;
    Statement& update = transaction.database().cached(
        "UPDATE hf_effects SET base=?4"
        " WHERE relation=?1 AND key=?2 AND entry>?3 AND active<>0 AND base IS NULL");
    update.bind(1, std::string_view(effect.relation)).bind(2, std::string_view(effect.key));
    update.bind(3, entry);
    update.bind(4, std::string_view(print_row(*table, row_after_move(*table, effect, *from))))
        .run();
  }
}

void Overlay::rebase_effects(Transaction& transaction, const Table& table, const std::string& key,
                             std::int64_t entry, const Change& change) const {
  Database& database = transaction.database();
  struct Later {
    std::int64_t entry;
    std::int64_t ordinal;
    std::string changes;
    std::optional<std::string> base;
  };
  std::vector<Later> later;
  // What is suspended may come back, over the row as own writes have left it.
  Statement& select = database.cached(
      "SELECT entry, ordinal, changes, base FROM hf_effects"
      " WHERE relation=?1 AND key=?2 AND active=1 AND entry>?3"
      " UNION ALL SELECT entry, ordinal, changes, base FROM hf_effects"
      " WHERE relation=?1 AND key=?2 AND active=2 AND entry>?3"
      // One without a base was made for a row that an own earlier entry makes: it has, now.
      " AND (base IS NOT NULL OR (?3>0 AND kind IN (3, 4)))");
  select.bind(1, std::string_view(relation_of(table))).bind(2, std::string_view(key));
  select.bind(3, entry);
  while (select.step()) {
    later.push_back(
        {select.integer(0), select.integer(1), std::string(select.text(2)), std::nullopt});
    if (!select.is_null(3)) later.back().base = std::string(select.text(3));
  }
  if (later.empty()) return;
  const auto image = change.after ? *change.after : load_base(database, table, key).row;
  for (const Later& effect : later) {
    if (change.after != nullptr && !effect.base) continue;
    if (change.of_unnamed && change.before && image &&
        names_a_difference(table, effect.changes, read_stored(table, *change.before), *image)) {
      continue;
    }
    const auto base = base_after(table, effect.base, change, image);
    Statement& update =
        database.cached("UPDATE hf_effects SET base=?3 WHERE entry=?1 AND ordinal=?2");
    update.bind(1, effect.entry).bind(2, effect.ordinal);
    if (base) update.bind(3, std::string_view(print_row(table, *base)));
    update.run();
  }
}

}  // namespace holdfast::cache
