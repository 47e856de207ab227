#include "cache/replica/temporary_ids.h"

#include <algorithm>
#include <charconv>

#include "cache/query/syntax.h"
#include "cache/replica/key.h"
#include "cache/values/json.h"
#include "cache/values/stored_number.h"

namespace holdfast::cache {
namespace {

// How many foreign keys may lead from a column to the id that it holds.
constexpr int kDeepestKey = 6;

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

bool is_counted(const Column& column) {
  return is_integer(column.type.kind) &&
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

// The images' rows that the ids stand for; nullptr: none of them.
std::vector<const Row*> made_rows(const Table& table, const std::vector<std::int64_t>& ids,
                                  const std::vector<Effect>& own,
                                  const std::vector<UpstreamImage>& images) {
  std::vector<const Row*> made(ids.size(), nullptr);
  const auto row_of = [](const UpstreamImage& image) { return image.row ? &*image.row : nullptr; };
  if (images.size() == ids.size() && own.size() == ids.size()) {
    std::ranges::transform(images, made.begin(), row_of);
    return made;
  }
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
    made[place] = row_of(*image);
    taken.insert(&*image);
  }
  return made;
}

}  // namespace

std::string replace_ids(const Table& table, const std::set<std::size_t>& columns,
                        const std::map<std::int64_t, std::int64_t>& real,
                        const std::string& object) {
  auto body = parse_body(object, BodyKeys::kAny);
  if (!body || body->rows.size() != 1) return object;
  bool changed = false;
  for (auto& [name, token] : body->rows[0]) {
    const auto index = table.column_index(name);
    if (!index || !columns.contains(*index)) continue;
    const auto number = negative_number(token);
    const auto found = number ? real.find(*number) : real.end();
    if (found == real.end()) continue;
    token = std::to_string(found->second);
    changed = true;
  }
  return changed ? print_object(body->rows[0]) : object;
}

std::optional<std::size_t> TemporaryIds::column_of(const Table& table) {
  if (!table.primary_key) return std::nullopt;
  for (const std::size_t index : table.primary_key->columns) {
    if (is_counted(table.columns[index])) return index;
  }
  return std::nullopt;
}

std::int64_t TemporaryIds::next(Database& database, const Overlay& overlay, const Table& table) {
  const auto column = column_of(table);
  std::int64_t lowest = 0;
  if (overlay.rows(table).exists(database)) {
    lowest = std::min(lowest, overlay.rows(table).smallest(database, *column));
  }
  Statement& used =
      database.cached("SELECT coalesce(min(temporary), 0) FROM hf_temporary_ids WHERE relation=?1");
  used.bind(1, std::string_view(relation_of(table))).step();
  lowest = std::min(lowest, used.integer(0));
  used.reset();
  return lowest - 1;
}

void TemporaryIds::remember(Transaction& transaction, std::int64_t entry, const Table& table,
                            const std::vector<std::int64_t>& ids) {
  Statement& insert = transaction.database().cached(
      "INSERT INTO hf_temporary_ids(relation, temporary, entry, position) VALUES(?1, ?2, ?3, ?4)");
  std::int64_t position = 0;
  for (const std::int64_t id : ids) {
    insert.bind(1, std::string_view(relation_of(table))).bind(2, id).bind(3, entry);
    insert.bind(4, position++).run();
  }
}

std::int64_t TemporaryIds::unresolved(Database& database, std::int64_t entry) {
  Statement& statement =
      database.cached("SELECT count(*) FROM hf_temporary_ids WHERE entry=?1 AND real IS NULL");
  statement.bind(1, entry).step();
  const std::int64_t count = statement.integer(0);
  statement.reset();
  return count;
}

TemporaryIds::Carriers TemporaryIds::carriers_of(const Table& table) const {
  Carriers carriers;
  carriers[&table].insert(*column_of(table));
  for (bool grown = true; grown;) {
    grown = false;
    for (const Table& child : catalog_.tables()) {
      for (const ForeignKey& key : child.foreign_keys) {
        const Table* parent = catalog_.find(key.ref_schema, key.ref_table);
        const auto known = carriers.find(parent);
        if (parent == nullptr || known == carriers.end()) continue;
        for (std::size_t i = 0; i < key.columns.size(); ++i) {
          const auto referenced = parent->column_index(key.ref_columns[i]);
          if (!referenced || !known->second.contains(*referenced)) continue;
          grown = carriers[&child].insert(key.columns[i]).second || grown;
        }
      }
    }
  }
  return carriers;
}

TemporaryIds::Adoption TemporaryIds::adopt(Transaction& transaction, std::int64_t entry,
                                           std::vector<UpstreamImage>& images) {
  Adoption adoption;
  const auto [table, ids] = unresolved_of(transaction.database(), entry);
  if (table == nullptr) return adoption;
  const auto own = overlay_.effects(transaction.database(), entry);
  const auto made = made_rows(*table, ids, own, images);
  adoption.real = learn(transaction, *table, ids, made);
  adoption.carriers = carriers_of(*table);
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
  for (const Renamed& each : adoption.renamed) overlay_.refresh(transaction, each.entry);
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
  const std::string renamed = replace_ids(*table, adoption.carriers.at(table), adoption.real, key);
  Statement& refer = transaction.database().cached(
      "UPDATE OR IGNORE hf_references SET key=?3 WHERE relation=?1 AND key=?2");
  refer.bind(1, std::string_view(relation_of(*table))).bind(2, std::string_view(key));
  refer.bind(3, std::string_view(renamed)).run();
  overlay_.move(transaction, *table, key, renamed);
}

void TemporaryIds::rename_entry(Transaction& transaction, std::int64_t entry, Adoption& adoption,
                                std::vector<Place>& moved) {
  auto before = overlay_.effects(transaction.database(), entry);
  std::int64_t ordinal = -1;
  for (const Effect& effect : before) {
    ++ordinal;
    const Table* table = overlay_.find_table(effect.relation);
    const auto found = adoption.carriers.find(table);
    if (table == nullptr || found == adoption.carriers.end()) continue;
    const auto renamed = [&](const std::string& object) {
      return object.empty() ? object : replace_ids(*table, found->second, adoption.real, object);
    };
    Effect after = effect;
    after.key = renamed(effect.key);
    after.changes = renamed(effect.changes);
    after.row = renamed(effect.row);
    if (effect.base) after.base = renamed(*effect.base);
    overlay_.rewrite(transaction, entry, ordinal, after);
    const Place place(table, effect.key);
    if (after.key != effect.key && std::find(moved.begin(), moved.end(), place) == moved.end()) {
      moved.push_back(place);
    }
  }
  adoption.renamed.push_back({entry, std::move(before)});
}

std::vector<const Table*> TemporaryIds::sources_of(const Table& table, std::size_t column,
                                                   int depth) const {
  std::vector<const Table*> sources;
  // Keys that refer to each other in a circle lead to nothing new.
  if (depth == kDeepestKey) return sources;
  if (column_of(table) == column) sources.push_back(&table);
  for (const ForeignKey& key : table.foreign_keys) {
    const Table* parent = catalog_.find(key.ref_schema, key.ref_table);
    if (parent == nullptr) continue;
    for (std::size_t i = 0; i < key.columns.size(); ++i) {
      const auto referenced = parent->column_index(key.ref_columns[i]);
      if (key.columns[i] != column || !referenced) continue;
      const auto further = sources_of(*parent, *referenced, depth + 1);
      sources.insert(sources.end(), further.begin(), further.end());
    }
  }
  return sources;
}

TemporaryIds::Found TemporaryIds::find(Database& database, const Table& table,
                                       const std::string& column, const std::string& text) const {
  const auto number = negative_number(text);
  const auto index = number ? table.column_index(column) : std::nullopt;
  Found found;
  if (!index) return found;
  for (const Table* source : sources_of(table, *index)) {
    Statement& statement = database.cached(
        "SELECT real, ifnull((SELECT state FROM hf_outbox WHERE sequence=entry), '')"
        " FROM hf_temporary_ids WHERE relation=?1 AND temporary=?2");
    statement.bind(1, std::string_view(relation_of(*source))).bind(2, *number);
    if (!statement.step()) continue;
    found.named.any = true;
    if (statement.is_null(0)) {
      // A row whose insert a person discarded never comes, as one that never was.
      const std::string_view state = statement.text(1);
      const bool never = state.empty() || state == "discarded" || state == "resolved";
      found.named.waiting = found.named.waiting || !never;
      found.named.lost = found.named.lost || state == "acknowledged";
    } else {
      found.real = std::to_string(statement.integer(0));
    }
    statement.reset();
  }
  return found;
}

TemporaryIds::Named TemporaryIds::resolve(Database& database, Mutation& mutation) const {
  Named named;
  const auto replacement = [&](const std::string& column, const std::string& text) {
    auto found = find(database, *mutation.table, column, text);
    named.any = named.any || found.named.any;
    named.waiting = named.waiting || found.named.waiting;
    named.lost = named.lost || found.named.lost;
    return found.real;
  };
  for (RawObject& row : mutation.body.rows) {
    for (auto& [name, token] : row) {
      if (auto real = replacement(name, token)) token = *std::move(real);
    }
  }
  if (auto query = mutation.query.with_values(replacement)) mutation.query = *std::move(query);
  return named;
}

bool TemporaryIds::any(Database& database) {
  Statement& statement = database.cached("SELECT 1 FROM hf_temporary_ids LIMIT 1");
  const bool found = statement.step();
  statement.reset();
  return found;
}

std::optional<std::string> TemporaryIds::real_id(Database& database, const Table& table,
                                                 const std::string& column,
                                                 const std::string& text) const {
  return find(database, table, column, text).real;
}

}  // namespace holdfast::cache
