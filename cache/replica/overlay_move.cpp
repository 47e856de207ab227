#include <algorithm>

#include "cache/replica/key.h"
#include "cache/replica/overlay.h"
#include "cache/values/sort_key.h"

namespace holdfast::cache {
namespace {

// An answer's null does not say which of the two it is: what was the json null, and was not written
// to, still is. nullopt: the image stands as it is.
std::optional<Row> with_json_nulls(const UpstreamImage& image, const std::optional<Row>& here,
                                   const Effect* mine) {
  std::optional<Row> row;
  if (!image.row || !here) return row;
  for (std::size_t i = 0; i < image.row->size(); ++i) {
    if (!is_null((*image.row)[i]) || !is_json_null(image.table->columns[i], (*here)[i])) continue;
    if (mine != nullptr) {
      Row written = *here;
      if (!merge_row(*image.table, mine->changes, written) || is_null(written[i])) continue;
    }
    if (!row) row = image.row;
    (*row)[i] = (*here)[i];
  }
  return row;
}

}  // namespace

void Overlay::rewrite(Transaction& transaction, std::int64_t entry, const Effect& effect) const {
  Statement& update = transaction.database().cached(
      "UPDATE hf_effects SET key=?3, changes=?4, row=?5, base=?6 WHERE entry=?1 AND ordinal=?2");
  update.bind(1, entry).bind(2, effect.ordinal).bind(3, std::string_view(effect.key));
  update.bind(4, std::string_view(effect.changes));
  if (!effect.row.empty()) update.bind(5, std::string_view(effect.row));
  if (effect.base) update.bind(6, std::string_view(*effect.base));
  update.run();
}

void Overlay::move(Transaction& transaction, const Table& table, const std::string& from,
                   const std::string& to) const {
  if (from == to || !rows(table).exists(transaction.database())) return;
  // A pull may have brought the row before its acknowledgement came.
  const Base there = load_base(transaction.database(), table, to);
  if (!there.pending) save_base(transaction, table, to, there.row);
  forget_base(transaction, table, from);
  show(transaction, table, from, std::nullopt);
}

void Overlay::read_again(Transaction& transaction, const std::string& relation,
                         const std::string& key) {
  Statement& reread =
      transaction.database().cached("INSERT OR IGNORE INTO hf_rereads VALUES(?1, ?2)");
  reread.bind(1, std::string_view(relation)).bind(2, std::string_view(key)).run();
}

void Overlay::take_answer(Transaction& transaction, const UpstreamImage& image,
                          const std::vector<Effect>& ended) {
  const std::string relation = relation_of(*image.table);
  const Base here = load_base(transaction.database(), *image.table, image.key);
  const auto mine = std::find_if(ended.begin(), ended.end(), [&](const Effect& effect) {
    return effect.relation == relation && effect.key == image.key;
  });
  const auto settled = with_json_nulls(image, here.row, mine == ended.end() ? nullptr : &*mine);
  const std::optional<Row>& row = settled ? settled : image.row;
  put_base(transaction, *image.table, image.key, row);
  if (!here.pending || here.row == row || mine == ended.end()) return;
  const auto known = here.row ? std::optional(print_row(*image.table, *here.row)) : std::nullopt;
  if (known != mine->base) read_again(transaction, relation, image.key);
}

void Overlay::refresh(Transaction& transaction, std::int64_t entry) {
  for (const Effect& effect : effects(transaction.database(), entry)) {
    if (const Table* table = find_table(effect.relation)) {
      recompute(transaction, *table, effect.key);
    }
  }
}

void Overlay::show_pending(Transaction& transaction) {
  std::vector<std::pair<std::string, std::string>> pending;
  Statement statement(transaction.database(), "SELECT relation, key FROM hf_pending_base");
  while (statement.step()) pending.emplace_back(statement.text(0), statement.text(1));
  for (const auto& [relation, key] : pending) {
    const Table* table = find_table(relation);
    if (table != nullptr && rows(*table).exists(transaction.database())) {
      recompute(transaction, *table, key);
    }
  }
}

bool Overlay::takes_away(Database& database, const Table& table,
                         const std::vector<std::size_t>& columns, const Row& row) const {
  if (table.primary_key &&
      std::is_permutation(columns.begin(), columns.end(), table.primary_key->columns.begin(),
                          table.primary_key->columns.end())) {
    Statement& last = database.cached(
        "SELECT kind FROM hf_effects WHERE relation=?1 AND key=?2 AND active=1"
        " ORDER BY entry DESC, ordinal DESC LIMIT 1");
    last.bind(1, std::string_view(relation_of(table)));
    last.bind(2, std::string_view(key_of(table, row)));
    const bool deleted =
        last.step() && last.integer(0) == static_cast<std::int64_t>(EffectKind::kDelete);
    last.reset();
    return deleted;
  }
  bool found = false;
  for_each_set_aside(database, table, [&](const std::string&, const Row& image) {
    found = std::all_of(columns.begin(), columns.end(), [&](std::size_t column) {
      return same_value(table.columns[column].type, image[column], row[column]);
    });
    return !found;
  });
  return found;
}

void Overlay::for_each_set_aside(
    Database& database, const Table& table,
    const std::function<bool(const std::string& key, const Row& row)>& state) const {
  Statement images(database,
                   "SELECT key, image FROM hf_pending_base WHERE relation=?1 AND image NOT NULL");
  images.bind(1, std::string_view(relation_of(table)));
  while (images.step()) {
    Row row(table.columns.size(), Null{});
    if (!merge_kept_row(table, images.text(1), row)) continue;
    if (!state(std::string(images.text(0)), row)) return;
  }
  Statement several(database,
                    "SELECT key FROM hf_effects WHERE relation=?1 AND active=1 GROUP BY key"
                    " HAVING count(*)>1");
  several.bind(1, std::string_view(relation_of(table)));
  while (several.step()) {
    const std::string key(several.text(0));
    const auto states = states_of(database, table, key, load_base(database, table, key).row);
    for (std::size_t i = 1; i + 1 < states.size(); ++i) {
      if (states[i] && !state(key, *states[i])) return;
    }
  }
}

void Overlay::presume(Transaction& transaction, const Table& table, const std::string& key,
                      Presumed how) const {
  Statement& update = transaction.database().cached(
      "UPDATE hf_pending_base SET presumed=?3 WHERE relation=?1 AND key=?2 AND presumed<>?4");
  update.bind(1, std::string_view(relation_of(table))).bind(2, std::string_view(key));
  update.bind(3, static_cast<std::int64_t>(how));
  update.bind(4, static_cast<std::int64_t>(Presumed::kWritten)).run();
}

bool Overlay::is_presumed(Database& database, const Table& table, const std::string& key) const {
  return load_base(database, table, key).presumed != Presumed::kNo;
}

}  // namespace holdfast::cache
