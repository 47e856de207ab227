#include "cache/replica/temporary_ids.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "cache/query/syntax.h"
#include "cache/replica/meta.h"
#include "cache/replica/temporary_id_text.h"
#include "cache/values/json.h"
#include "cache/values/stored_number.h"

namespace holdfast::cache {
namespace {

// As many ranges as an integer has room for.
constexpr std::int64_t kIdsInRange = 100'000;
constexpr std::int64_t kRanges = 3'470;
// In hf_meta: the last one that was given.
constexpr std::string_view kLast = "temporary_id";
constexpr std::string_view kRange = "temporary_range";

// FNV-1a.
std::uint32_t fingerprint(std::string_view text) {
  std::uint32_t hash = 2'166'136'261;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619;
  return hash;
}

// "-5" or "\"-5\"" -> -5
std::optional<std::int64_t> negative_number(std::string_view text) {
  if (text.size() > 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  if (!text.starts_with('-')) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A smallint has no room for ids that are no other numbers.
bool is_counted(const Column& column) {
  return is_integer(column.type.kind) && column.type.kind != TypeKind::kInt2 &&
         (column.identity != Identity::kNo ||
          (column.default_expression && column.default_expression->starts_with("nextval(")));
}

// The temporary id in a key.
std::optional<std::int64_t> id_in(const Table& table, const std::string& key) {
  const auto body = parse_body(key);
  if (!body || body->rows.size() != 1) return std::nullopt;
  for (const auto& [name, token] : body->rows[0]) {
    if (name == table.columns[*TemporaryIds::column_of(table)].name) return negative_number(token);
  }
  return std::nullopt;
}

// Whether the row has what the effect sent of it.
bool holds_what_was_sent(const Table& table, const Effect& effect, const Row& row) {
  const auto body = parse_body(effect.changes);
  if (!body || body->rows.size() != 1) return false;
  const Row sent = read_stored(table, effect.changes);
  return std::ranges::all_of(body->rows[0], [&](const auto& member) {
    const auto index = table.column_index(member.first);
    if (!index || index == TemporaryIds::column_of(table)) return true;
    // Its text may be another one for the same value.
    return table.columns[*index].type.kind == TypeKind::kJson || sent[*index] == row[*index];
  });
}

// The images' rows that the ids stand for, by what the rows say; nullptr: none of them.
std::vector<const Row*> rows_by_content(const Table& table, const std::vector<std::int64_t>& ids,
                                        const std::vector<Effect>& own,
                                        const std::vector<UpstreamImage>& images) {
  std::vector<const Row*> made(ids.size(), nullptr);
  // What says most chooses first: a row that says less may fit it too.
  std::vector<std::pair<std::size_t, const Effect*>> asking;
  for (const Effect& effect : own) {
    const auto id = std::ranges::find(ids, id_in(table, effect.key).value_or(0));
    if (id == ids.end()) continue;
    asking.emplace_back(static_cast<std::size_t>(id - ids.begin()), &effect);
  }
  std::ranges::stable_sort(asking, std::ranges::greater{}, [](const auto& each) {
    const auto body = parse_body(each.second->changes);
    return body && !body->rows.empty() ? body->rows[0].size() : 0;
  });
  std::set<const UpstreamImage*> taken;
  for (const auto& [place, effect] : asking) {
    const auto image = std::ranges::find_if(images, [&, &sent = *effect](const auto& each) {
      return each.row && each.table == &table && !taken.contains(&each) &&
             holds_what_was_sent(table, sent, *each.row);
    });
    if (image == images.end()) continue;
    made[place] = &*image->row;
    taken.insert(&*image);
  }
  return made;
}

// The same. As many as were sent came in their order, unless that of what they say is another one.
std::vector<const Row*> made_rows(const Table& table, const std::vector<std::int64_t>& ids,
                                  const std::vector<Effect>& own,
                                  const std::vector<UpstreamImage>& images) {
  const bool all_came = images.size() == ids.size() && own.size() == ids.size();
  if (!all_came) return rows_by_content(table, ids, own, images);
  std::vector<const Row*> made;
  bool alike = true;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    made.push_back(images[i].row ? &*images[i].row : nullptr);
    alike = alike && made[i] != nullptr && holds_what_was_sent(table, own[i], *made[i]);
  }
  if (alike) return made;
  auto found = rows_by_content(table, ids, own, images);
  const bool all_found = std::ranges::find(found, nullptr) == found.end();
  return all_found ? found : made;
}

}  // namespace

std::optional<std::size_t> TemporaryIds::column_of(const Table& table) {
  if (!table.primary_key) return std::nullopt;
  for (const std::size_t index : table.primary_key->columns) {
    if (is_counted(table.columns[index])) return index;
  }
  return std::nullopt;
}

std::int64_t TemporaryIds::next(Database& database, const Overlay& overlay, const Table& table) {
  std::int64_t id = kFirstTemporaryId;
  Statement& used = database.cached(
      "SELECT min(value) FROM (SELECT value FROM hf_meta WHERE name=?1 UNION ALL"
      " SELECT min(temporary) FROM hf_temporary_ids WHERE relation=?2)");
  used.bind(1, kLast).bind(2, std::string_view(relation_of(table))).step();
  if (!used.is_null(0)) id = std::min(id, used.integer(0) - 1);
  used.reset();
  if (!overlay.rows(table).exists(database)) return id;
  // Unless it is an id that the table has: then those below its smallest are free.
  const std::int64_t smallest = overlay.rows(table).smallest(database, *column_of(table));
  return smallest <= id && smallest > id - kIdsInRange ? smallest - 1 : id;
}

std::int64_t TemporaryIds::begin(Transaction& transaction, const std::string& principal,
                                 const std::set<std::int64_t>& taken) {
  Database& database = transaction.database();
  if (const auto known = meta_number(database, kRange)) return *known;
  std::int64_t range = principal == "anon" ? 0 : fingerprint(principal) % kRanges;
  for (std::int64_t tried = 0; taken.contains(range) && tried < kRanges; ++tried) {
    range = (range + 1) % kRanges;
  }
  put_meta(database, kRange, range);
  if (!meta_number(database, kLast)) {
    put_meta(database, kLast, kFirstTemporaryId + 1 - range * kIdsInRange);
  }
  return range;
}

void TemporaryIds::remember(Transaction& transaction, std::int64_t entry, const Table& table,
                            const std::vector<std::int64_t>& ids) {
  if (ids.empty()) return;
  Database& database = transaction.database();
  Statement& insert = database.cached(
      "INSERT INTO hf_temporary_ids(relation, temporary, entry, position) VALUES(?1, ?2, ?3, ?4)");
  std::int64_t position = 0;
  for (const std::int64_t id : ids) {
    insert.bind(1, std::string_view(relation_of(table))).bind(2, id).bind(3, entry);
    insert.bind(4, position++).run();
  }
  put_meta(database, kLast, std::ranges::min(ids));
}

std::int64_t TemporaryIds::unresolved(Database& database, std::int64_t entry) {
  Statement& statement =
      database.cached("SELECT count(*) FROM hf_temporary_ids WHERE entry=?1 AND real IS NULL");
  statement.bind(1, entry).step();
  const std::int64_t count = statement.integer(0);
  statement.reset();
  return count;
}

TemporaryIds::Adoption TemporaryIds::adopt(Transaction& transaction, std::int64_t entry,
                                           std::vector<UpstreamImage>& images) {
  Adoption adoption;
  const auto [table, ids] = unresolved_of(transaction.database(), entry);
  if (table == nullptr) return adoption;
  const auto own = overlay_.effects(transaction.database(), entry);
  const auto made = made_rows(*table, ids, own, images);
  adoption.real = learn(transaction, *table, ids, made);
  std::vector<Place> moved;
  moved.reserve(own.size());
  for (const Effect& effect : own) {
    const auto id = id_in(*table, effect.key);
    if (!id || std::ranges::find(ids, *id) == ids.end()) continue;
    if (adoption.real.contains(*id)) {
      moved.emplace_back(table, effect.key);
    } else {
      images.push_back({table, effect.key, std::nullopt});
    }
  }
  // Renaming may move further rows, whose keys hold the id too.
  std::set<std::int64_t> done;
  for (std::size_t i = 0; i < moved.size(); ++i) {
    const Place place = moved[i];
    for (const std::int64_t each : entries_about(transaction.database(), place)) {
      if (done.insert(each).second) rename_entry(transaction, each, adoption, moved);
    }
    move_row(transaction, place, adoption);
  }
  for (const std::int64_t each : adoption.renamed) overlay_.refresh(transaction, each);
  return adoption;
}

std::pair<const Table*, std::vector<std::int64_t>> TemporaryIds::unresolved_of(
    Database& database, std::int64_t entry) const {
  std::pair<const Table*, std::vector<std::int64_t>> found{nullptr, {}};
  Statement& mine = database.cached(
      "SELECT relation, temporary FROM hf_temporary_ids WHERE entry=?1 AND real IS NULL"
      " ORDER BY position");
  mine.bind(1, entry);
  while (mine.step()) {
    found.first = overlay_.find_table(mine.text(0));
    found.second.push_back(mine.integer(1));
  }
  return found;
}

std::map<std::int64_t, std::int64_t> TemporaryIds::learn(Transaction& transaction,
                                                         const Table& table,
                                                         const std::vector<std::int64_t>& ids,
                                                         const std::vector<const Row*>& made) {
  std::map<std::int64_t, std::int64_t> real;
  Statement& known = transaction.database().cached(
      "UPDATE hf_temporary_ids SET real=?3 WHERE relation=?1 AND temporary=?2");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (made[i] == nullptr) continue;
    const auto* id = std::get_if<std::int64_t>(&(*made[i])[*column_of(table)]);
    if (id == nullptr) continue;
    real[ids[i]] = *id;
    known.bind(1, std::string_view(relation_of(table))).bind(2, ids[i]).bind(3, *id).run();
  }
  return real;
}

std::vector<std::int64_t> TemporaryIds::entries_about(Database& database, const Place& place) {
  std::vector<std::int64_t> entries;
  Statement& about = database.cached(
      "SELECT entry FROM hf_effects WHERE relation=?1 AND key=?2 AND active=1 UNION"
      " SELECT entry FROM hf_effects WHERE relation=?1 AND key=?2 AND active=2 UNION"
      " SELECT entry FROM hf_references WHERE relation=?1 AND key=?2 ORDER BY 1");
  about.bind(1, std::string_view(relation_of(*place.first)));
  about.bind(2, std::string_view(place.second));
  while (about.step()) entries.push_back(about.integer(0));
  return entries;
}

void TemporaryIds::move_row(Transaction& transaction, const Place& place,
                            const Adoption& adoption) const {
  const auto& [table, key] = place;
  const std::string renamed = replace_ids(adoption.real, key);
  Statement& refer = transaction.database().cached(
      "UPDATE OR IGNORE hf_references SET key=?3 WHERE relation=?1 AND key=?2");
  refer.bind(1, std::string_view(relation_of(*table))).bind(2, std::string_view(key));
  refer.bind(3, std::string_view(renamed)).run();
  overlay_.move(transaction, *table, key, renamed);
}

void TemporaryIds::rename_entry(Transaction& transaction, std::int64_t entry, Adoption& adoption,
                                std::vector<Place>& moved) {
  for (const Effect& effect : overlay_.effects(transaction.database(), entry)) {
    const Table* table = overlay_.find_table(effect.relation);
    if (table == nullptr) continue;
    Effect after = effect;
    after.key = replace_ids(adoption.real, effect.key);
    after.changes = replace_ids(adoption.real, effect.changes);
    after.row = replace_ids(adoption.real, effect.row);
    if (effect.base) after.base = replace_ids(adoption.real, *effect.base);
    overlay_.rewrite(transaction, entry, after);
    const Place place(table, effect.key);
    if (after.key != effect.key && std::find(moved.begin(), moved.end(), place) == moved.end()) {
      moved.push_back(place);
    }
  }
  adoption.renamed.push_back(entry);
}

std::optional<std::string> TemporaryIds::key_of_row(Database& database, const Table& table,
                                                    std::int64_t entry, std::int64_t id) const {
  // Where it was made; an entry that was split has others there.
  Statement& place = database.cached(
      "SELECT e.key FROM hf_temporary_ids t JOIN hf_effects e ON e.entry=t.entry"
      " AND e.ordinal=t.position AND e.relation=t.relation WHERE t.relation=?1 AND t.temporary=?2");
  std::optional<std::string> key;
  if (place.bind(1, std::string_view(relation_of(table))).bind(2, id).step()) key = place.text(0);
  place.reset();
  if (key && id_in(table, *key) == id) return key;
  for (const Effect& effect : overlay_.effects(database, entry)) {
    if (effect.relation == relation_of(table) && id_in(table, effect.key) == id) return effect.key;
  }
  return std::nullopt;
}

TemporaryIds::Found TemporaryIds::find(Database& database, std::int64_t id) const {
  Found found;
  Statement& statement = database.cached(
      "SELECT real, entry, ifnull((SELECT state FROM hf_outbox WHERE sequence=entry), '')"
      " FROM hf_temporary_ids WHERE relation=?1 AND temporary=?2");
  for (const Table& table : catalog_.tables()) {
    if (!column_of(table)) continue;
    statement.bind(1, std::string_view(relation_of(table))).bind(2, id);
    if (!statement.step()) continue;
    const bool known = !statement.is_null(0);
    if (known) found.real = statement.integer(0);
    const std::int64_t entry = statement.integer(1);
    const std::string state(statement.text(2));
    statement.reset();
    found.named.any = true;
    if (known) break;
    found.named.lost = state == "acknowledged";
    found.named.given_up = state.empty() || state == "discarded" || state == "resolved";
    found.named.waiting = !found.named.given_up;
    if (found.named.waiting) found.named.last_entry = entry;
    if (auto key = key_of_row(database, table, entry, id); key && found.named.waiting) {
      found.named.rows.emplace_back(relation_of(table), *std::move(key));
    }
    break;
  }
  return found;
}

std::optional<std::string> TemporaryIds::resolve(Database& database, std::string_view text,
                                                 Named& named) const {
  return replace_temporary_ids(text, [&](std::int64_t number) {
    Found found = find(database, number);
    named.any = named.any || found.named.any;
    named.waiting = named.waiting || found.named.waiting;
    named.lost = named.lost || found.named.lost;
    named.given_up = named.given_up || found.named.given_up;
    std::ranges::move(found.named.rows, std::back_inserter(named.rows));
    named.last_entry = std::max(named.last_entry, found.named.last_entry);
    if (!found.named.any) named.unknown.push_back(number);
    return found.real;
  });
}

TemporaryIds::Named TemporaryIds::resolve(Database& database, Mutation& mutation) const {
  Named named;
  for (RawObject& row : mutation.body.rows) {
    for (auto& [name, token] : row) {
      if (auto other = resolve(database, token, named)) token = *std::move(other);
    }
  }
  Named filters;
  const auto replacement = [&](const std::string& value) {
    return resolve(database, value, filters);
  };
  if (auto query = mutation.query.with_values(replacement)) mutation.query = *std::move(query);
  named.any = named.any || filters.any;
  named.waiting = named.waiting || filters.waiting;
  named.lost = named.lost || filters.lost;
  return named;
}

}  // namespace holdfast::cache
