#include "tests/cache/replica/replay_play.h"

#include "cache/replica/temporary_ids.h"

// The writes of a Play: what a request asks for, to the replica as the routes ask it and to the
// model as a person would say it.
namespace holdfast::cache::replay {

using sample::Request;

namespace {

std::string body_of(const std::string& table, const std::vector<Columns>& rows) {
  std::string body = "[";
  for (const Columns& row : rows) {
    body += (body.size() > 1 ? "," : "") + print(row, rules().at(table).columns);
  }
  return body + "]";
}

void add_references(const std::string& table, const Columns& row, Entry& entry) {
  for (const auto& reference : rules().at(table).references) {
    const auto found = row.find(reference.column);
    if (found == row.end() || found->second == "null") continue;
    entry.refers.insert(referred(reference, found->second));
  }
}

bool refers_to(const std::string& table, const Columns& row, const Rows& gone, bool cascades) {
  for (const auto& reference : rules().at(table).references) {
    const Place parent = referred(reference, row.at(reference.column));
    if (reference.cascades == cascades && gone.contains(parent)) return true;
  }
  return false;
}

void move_row(const std::string& table, const Columns& before, const Columns& changes,
              Entry& entry) {
  Columns after = before;
  for (const auto& [name, value] : changes) after[name] = value;
  entry.ops.push_back({Kind::kDelete, place_of(table, before)});
  entry.ops.push_back({Kind::kInsert, place_of(table, after), changes, after});
  add_references(table, after, entry);
}

}  // namespace

// Runs the request through the replica; the model's entry goes with it when it is taken.
void Play::write(const Request& request, Entry entry, const std::string& refusal) {
  did_ = std::string(request.operation == Operation::kInsert   ? "insert "
                     : request.operation == Operation::kUpdate ? "update "
                                                               : "delete ") +
         request.table + "?" + request.query + " " + request.body;
  if (request.resolution == Resolution::kMergeDuplicates) did_ += " merging";
  if (request.resolution == Resolution::kIgnoreDuplicates) did_ += " ignoring";
  Computed computed = compute(request);
  if (const auto* error = std::get_if<Error>(&computed)) {
    did_ += " -> " + error->code;
    if (error->code != refusal) problem_ = "refused: " + error->message;
    return;
  }
  if (!refusal.empty()) problem_ = "not refused: " + refusal;
  auto* changes = std::get_if<Changes>(&computed);
  if (changes == nullptr) {
    problem_ = "asks the upstream";
    return;
  }
  const std::int64_t sequence = ++entries_;
  did_ += " -> entry " + std::to_string(sequence);
  note_temporary_ids(*changes, entry);
  sample_.write([&](Transaction& transaction) {
    sample_.overlay().apply(transaction, sequence, changes->effects);
    const Table& table = sample_.table(request.table);
    TemporaryIds::remember(transaction, sequence, table, changes->temporary_ids);
    for (const auto& [relation, key] : changes->references) {
      Statement& refer = transaction.database().cached(
          "INSERT OR IGNORE INTO hf_references VALUES(?1, ?2, ?3, 0)");
      refer.bind(1, sequence).bind(2, std::string_view(relation));
      refer.bind(3, std::string_view(key)).run();
    }
  });
  model_.entries[sequence] = std::move(entry);
}

bool Play::misses_parent(const std::string& table, const Columns& after, const MaybeRow& before) {
  const auto visible = model_.visible();
  for (const auto& reference : rules().at(table).references) {
    const auto value = after.find(reference.column);
    if (value == after.end() || value->second == "null") continue;
    if (before && before->at(reference.column) == value->second) continue;
    const Place parent = referred(reference, value->second);
    if (!visible.contains(parent) && model_.taken_away(parent)) return true;
  }
  return false;
}

Computed Play::compute(const Request& request) {
  const Mutation mutation = sample::mutation_of(sample_.known(), request);
  query::PlanOptions options;
  options.max_rows = 0;
  MutationContext context{{request.principal, sample::noon()}, options};
  context.temporary_ids = true;
  auto reader = sample_.store().reader();
  return compute_changes(*reader, sample_.known(), sample_.overlay(), mutation, context);
}

// Ids that stand for the upstream's are nobody else's, in the order of the request.
void Play::note_temporary_ids(const Changes& changes, Entry& entry) {
  if (changes.temporary_ids.size() != entry.temporary.size()) problem_ = "temporary ids missing";
  for (std::size_t i = 0; i < changes.temporary_ids.size(); ++i) {
    const std::int64_t id = changes.temporary_ids[i];
    did_ += " id " + std::to_string(id);
    if (id >= 0 || !used_ids_.insert(id).second) problem_ = "a temporary id comes twice";
    entry.temporary[i] = id;
    entry.ops[i].whole["id"] = std::to_string(id);
    entry.ops[i].place = place_of("shelves", entry.ops[i].whole);
  }
}

void Play::insert_shelves() {
  Entry entry;
  std::string body = "[";
  for (int i = pick(2); i >= 0; --i) {
    Columns row = {{"name", text()}, {"rank", number(3)}};
    body += (body.size() > 1 ? "," : "") + print(row, {"name", "rank"});
    entry.ops.push_back({Kind::kInsert, {}, row, row});
    entry.temporary.push_back(0);
  }
  write({Operation::kInsert, "shelves", "", body + "]"}, entry);
}

std::vector<Columns> Play::distinct_rows(const std::string& table) {
  std::map<Place, Columns> rows;
  for (int i = pick(3); i >= 0; --i) {
    Columns row = random_row(table);
    rows.emplace(place_of(table, row), row);
  }
  std::vector<Columns> list;
  for (const auto& [place, row] : rows) list.push_back(row);
  return list;
}
void Play::insert_rows() {
  const std::string table = random_table();
  const auto rows = distinct_rows(table);
  const auto pending = model_.pending_places();
  const auto visible = model_.visible();
  Entry entry;
  bool refused = false;
  bool orphaned = false;
  for (const Columns& row : rows) {
    const Place place = place_of(table, row);
    refused = refused || (visible.contains(place) && pending.contains(place));
    orphaned = orphaned || misses_parent(table, row, std::nullopt);
    entry.ops.push_back({Kind::kInsert, place, row, row});
    add_references(table, row, entry);
  }
  const char* refusal = refused ? "23505" : orphaned ? "23503" : "";
  write({Operation::kInsert, table, "", body_of(table, rows)}, entry, refusal);
}

void Play::upsert() {
  const std::string table = random_table();
  auto rows = distinct_rows(table);
  const bool ignore = pick(3) == 0;
  const bool partly = table == "books" && pick(2) == 0;
  const auto visible = model_.visible();
  const auto pending = model_.pending_places();
  bool orphaned = false;
  Entry entry;
  for (Columns& row : rows) {
    const Place place = place_of(table, row);
    if (partly) row.erase("done");
    Columns whole = row;
    if (partly) whole["done"] = "false";
    add_references(table, row, entry);
    const auto found = visible.find(place);
    const bool here = found != visible.end();
    if (ignore && here && pending.contains(place)) continue;
    const bool looks_for_parent = !ignore || !here;
    orphaned =
        orphaned || (looks_for_parent &&
                     misses_parent(table, row, here ? MaybeRow(found->second) : std::nullopt));
    entry.ops.push_back({ignore ? Kind::kInsertIgnore : Kind::kInsert, place, row, whole});
  }
  Request request{Operation::kInsert, table, "", body_of(table, rows)};
  request.resolution = ignore ? Resolution::kIgnoreDuplicates : Resolution::kMergeDuplicates;
  write(request, entry, orphaned ? "23503" : "");
}

// A filter, and the visible rows that it selects.
std::pair<std::string, Rows> Play::some_rows(const std::string& table) {
  const std::string column = any_of(rules().at(table).columns);
  const Rows rows = of_table(model_.visible(), table);
  const std::string value = rows.empty() ? "1" : any_of(rows).second.at(column);
  std::string plain = value;
  std::erase(plain, '"');
  const bool is = value == "null" || value == "true" || value == "false";
  Rows selected;
  for (const auto& [place, row] : rows) {
    if (row.at(column) == value) selected.emplace(place, row);
  }
  return {column + (is ? "=is." : "=eq.") + plain, selected};
}

void Play::patch() {
  const std::string table = random_table();
  const auto [filter, rows] = some_rows(table);
  Columns changes = random_row(table);
  for (const auto& name : rules().at(table).key) changes.erase(name);
  if (pick(2) == 0) changes.erase(changes.begin());
  bool orphaned = false;
  Entry entry;
  for (const auto& [place, row] : rows) {
    if (changes.empty()) break;  // an update that sets nothing affects nothing
    entry.ops.push_back({Kind::kUpdate, place, changes});
    Columns after = row;
    for (const auto& [name, value] : changes) after[name] = value;
    add_references(table, after, entry);
    orphaned = orphaned || misses_parent(table, after, row);
  }
  write({Operation::kUpdate, table, filter, print(changes, rules().at(table).columns)}, entry,
        orphaned ? "23503" : "");
}

// Books only: their pages and loans follow.
void Play::change_key() {
  const Rows visible = model_.visible();
  const Rows books = of_table(visible, "books");
  if (books.empty()) return;
  const Columns book = any_of(books).second;
  const Columns changes = {{"id", std::to_string(10 + pick(6))}, {"title", text()}};
  if (visible.contains(place_of("books", changes))) return;
  Entry entry;
  move_row("books", book, changes, entry);
  for (const auto& [place, row] : visible) {
    if (!row.contains("book_id") || row.at("book_id") != book.at("id")) continue;
    const Columns follows = {{"book_id", changes.at("id")}};
    if (place.table == "loans") {
      entry.ops.push_back({Kind::kUpdate, place, follows});
    } else {
      move_row(place.table, row, follows, entry);
    }
  }
  write({Operation::kUpdate, "books", "id=eq." + book.at("id"), print(changes, {"id", "title"})},
        entry);
}

void Play::erase() {
  const std::string table = random_table();
  const auto [filter, selected] = some_rows(table);
  const Rows visible = model_.visible();
  Rows gone = selected;
  for (std::size_t before = 0; before != gone.size();) {
    before = gone.size();
    for (const auto& [place, row] : visible) {
      if (refers_to(place.table, row, gone, true)) gone.emplace(place, row);
    }
  }
  Entry entry;
  for (const auto& [place, row] : gone) entry.ops.push_back({Kind::kDelete, place});
  for (const auto& [place, row] : visible) {
    if (gone.contains(place)) continue;
    for (const auto& reference : rules().at(place.table).references) {
      if (reference.cascades || !gone.contains(referred(reference, row.at(reference.column)))) {
        continue;
      }
      entry.ops.push_back({Kind::kUpdate, place, {{reference.column, "null"}}});
    }
  }
  write({Operation::kDelete, table, filter}, entry);
}
}  // namespace holdfast::cache::replay
