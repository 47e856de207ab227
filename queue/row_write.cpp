#include "queue/row_write.h"

#include <algorithm>

#include "cache/query/query.h"
#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "cache/values/json.h"

namespace holdfast::queue {

using cache::Effect;
using cache::EffectKind;

namespace {

// All that the request says of the row: its effect leaves out what was given way.
std::string said_of(const Effect& effect, const cache::RawObject& row,
                    const std::vector<std::string>& columns) {
  const auto changes = cache::parse_body(effect.changes).value();
  cache::RawObject said = changes.rows.empty() ? cache::RawObject() : changes.rows[0];
  for (const auto& [name, token] : row) {
    const bool sent = columns.empty() || std::ranges::find(columns, name) != columns.end();
    if (sent && !cache::find_member(said, name)) said.emplace_back(name, token);
  }
  return cache::print_object(said);
}

}  // namespace

cache::query::Query query_of(const Entry& entry) { return query_of(entry.target); }

cache::query::Query query_of(const std::string& target) {
  const auto mark = target.find('?');
  const std::string query = mark == std::string::npos ? "" : target.substr(mark + 1);
  // It was parsed when the entry was made; what cannot be read is damage.
  return cache::query::Query::parse(query).value();
}

std::optional<std::string> named_key(const cache::Table& table, const cache::query::Query& query) {
  if (!table.primary_key) return std::nullopt;
  cache::Row row(table.columns.size(), cache::Null{});
  for (const std::size_t index : table.primary_key->columns) {
    const cache::Column& column = table.columns[index];
    const std::string* text = query.equal_value(column.name);
    auto value =
        text == nullptr ? std::nullopt : std::optional(cache::parse_text(column.type, *text));
    if (!value || !*value) return std::nullopt;
    row[index] = **std::move(value);
  }
  return cache::key_of(table, row);
}

Effect RowWrite::effect(const std::string& relation) const {
  Effect effect;
  effect.relation = relation;
  effect.key = old_key;
  effect.kind = deletion ? EffectKind::kDelete : EffectKind::kUpdate;
  effect.changes = changes;
  effect.base = base;
  return effect;
}

std::vector<std::string> keys_after(const Entry& entry, std::span<const Effect> effects) {
  std::vector<std::string> keys;
  for (const Effect& effect : effects) {
    if (!effect.consequence && effect.relation == entry.relation) keys.push_back(effect.key);
  }
  return keys;
}

std::vector<std::size_t> row_starts(const Entry& entry, std::span<const Effect> effects) {
  std::vector<std::size_t> starts;
  if (entry.operation != "update" && entry.operation != "delete") return starts;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const Effect& effect = effects[i];
    if (effect.consequence || effect.relation != entry.relation) continue;
    // An update's insertion is the new place of the row before it.
    if (effect.kind != EffectKind::kInsert) starts.push_back(i);
  }
  return starts;
}

std::vector<std::size_t> upsert_starts(const Entry& entry, std::span<const Effect> effects) {
  std::vector<std::size_t> starts;
  const bool ignores = entry.headers.find("resolution=ignore-duplicates") != std::string::npos;
  if (entry.operation != "upsert" || ignores) return starts;
  bool moved = false;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const Effect& effect = effects[i];
    if (effect.consequence || effect.relation != entry.relation) continue;
    // A row that it takes to another key begins at the old one.
    if (!moved) starts.push_back(i);
    moved = effect.kind == EffectKind::kDelete;
  }
  return starts;
}

std::vector<RowWrite> overwritten_rows(const Entry& entry, std::span<const Effect> effects) {
  std::vector<RowWrite> rows;
  const auto starts = upsert_starts(entry, effects);
  const auto is_known = [&](std::size_t start) {
    return effects[start].kind != EffectKind::kDelete && effects[start].base;
  };
  if (std::ranges::none_of(starts, is_known)) return rows;
  const auto query = query_of(entry);
  const bool put = entry.method == "PUT";
  const auto body = cache::parse_body(entry.body, cache::BodyKeys::kAny).value();
  for (std::size_t i = 0; i < starts.size(); ++i) {
    if (!is_known(starts[i])) continue;
    const Effect& effect = effects[starts[i]];
    rows.push_back({effect.key, effect.key, false,
                    said_of(effect, body.rows.at(i), query.columns()), effect.base,
                    put ? std::vector<std::string>() : query.on_conflict()});
  }
  return rows;
}

std::optional<RowWrite> contested_row(const Entry& entry, std::span<const Effect> effects) {
  if (entry.operation != "upsert") return single_row(entry, effects);
  auto rows = overwritten_rows(entry, effects);
  if (rows.size() != 1 || upsert_starts(entry, effects).size() != 1) return std::nullopt;
  return std::move(rows.front());
}

std::optional<RowWrite> single_row(const Entry& entry, std::span<const Effect> effects) {
  const auto starts = row_starts(entry, effects);
  if (starts.size() != 1) return std::nullopt;
  const Effect& first = effects[starts[0]];
  RowWrite write{first.key, first.key, entry.operation == "delete", first.changes, first.base};
  if (write.deletion || first.kind != EffectKind::kDelete) return write;
  for (const Effect& effect : effects.subspan(starts[0] + 1)) {
    if (effect.consequence || effect.kind != EffectKind::kInsert) continue;
    write.new_key = effect.key;
    write.changes = effect.changes;
  }
  return write;
}

}  // namespace holdfast::queue
