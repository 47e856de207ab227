#include <algorithm>

#include "cache/replica/key.h"
#include "gateway/base/ids.h"
#include "queue/dependants.h"
#include "queue/outbox.h"
#include "queue/three_way.h"

// Entries as rows: splitting one that has several, and giving one another base.
namespace holdfast::queue {
namespace {

using cache::Effect;
using cache::EffectKind;
using cache::Row;
using cache::Statement;
using cache::Table;

// A row as a body to insert: the columns that a client may give, and that are known here or named.
std::string insertable(const Table& table, const Row& row, const std::string& changes) {
  const auto named = named_columns(table, changes).known;
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const cache::Column& column = table.columns[i];
    const bool given =
        column.generated == cache::Generated::kNo && column.identity != cache::Identity::kAlways;
    const bool known = column.kept || std::ranges::find(named, i) != named.end();
    if (given && known) columns.push_back(i);
  }
  return cache::print_columns(table, row, columns);
}

// Header lines without Prefer, whose resolution is not that of another operation.
std::string without_preferences(const std::string& headers) {
  auto lines = cache::parse_body(headers, cache::BodyKeys::kAny).value();
  std::erase_if(lines.rows.at(0), [](const auto& line) { return line.first == "Prefer"; });
  return cache::print_object(lines.rows[0]);
}

// A part of an entry that is split: the effects from here on, and the request for them.
struct Piece {
  std::size_t start;
  std::string target;
  std::string body;
};

std::vector<Piece> pieces_of(const Entry& entry, std::span<const Effect> effects,
                             const Table* table) {
  std::vector<Piece> pieces;
  if (entry.operation == "upsert") {
    const auto body = cache::parse_body(entry.body, cache::BodyKeys::kAny).value();
    const auto starts = upsert_starts(entry, effects);
    for (std::size_t i = 0; i < starts.size(); ++i) {
      pieces.push_back({starts[i], entry.target, cache::print_object(body.rows.at(i))});
    }
    return pieces;
  }
  const std::string path = table == nullptr ? entry.target : cache::rest_path(*table) + "?";
  for (const std::size_t start : row_starts(entry, effects)) {
    const std::string filter =
        table == nullptr ? "" : cache::key_filter(*table, {effects[start].key});
    pieces.push_back({start, path + filter, entry.body});
  }
  return pieces;
}

// Whether nothing else stands where the entry's parts are to stand: an edit may have given it more
// rows than it had.
bool has_places(cache::Database& database, std::int64_t sequence, std::size_t parts) {
  Statement& taken = database.cached(
      "SELECT 1 FROM hf_outbox WHERE sequence>?1 AND sequence<?1+?2"
      " UNION ALL SELECT 1 FROM sqlite_sequence WHERE name='hf_outbox' AND seq<?1+?2-1 LIMIT 1");
  taken.bind(1, sequence).bind(2, static_cast<std::int64_t>(parts));
  const bool any = taken.step();
  taken.reset();
  return !any;
}

// The effects of the write over its new base.
std::vector<Effect> effects_over(const RowRebase& rebase, const std::string& relation) {
  const Table& table = *rebase.table;
  Effect effect = rebase.write.effect(relation);
  effect.base = cache::print_row(table, rebase.image);
  if (rebase.write.deletion) return {effect};
  effect.changes = rebase.changes;
  if (rebase.insert) {
    // It was based on a row that is gone: what is made again is that row with the changes.
    auto before = cache::parse_row(table, rebase.write.base.value_or(rebase.write.old_key));
    const Row row = with_changes(table, rebase.changes, before.value());
    effect.key = rebase.write.new_key;
    effect.kind = EffectKind::kInsert;
    effect.row = cache::print_row(table, row);
    effect.changes = insertable(table, row, rebase.changes);
    return {effect};
  }
  if (!rebase.write.moves()) return {effect};
  Effect there = effect;
  there.key = rebase.write.new_key;
  there.kind = EffectKind::kInsert;
  there.base = std::nullopt;
  if (rebase.image) {
    there.row = cache::print_row(table, with_changes(table, rebase.changes, *rebase.image));
  }
  effect.kind = EffectKind::kDelete;
  effect.changes = "{}";
  return {effect, there};
}

}  // namespace

void Outbox::refer(Transaction& transaction, std::int64_t sequence, const References& references,
                   const References& former) const {
  Statement& refer = transaction.database().cached(
      "INSERT OR IGNORE INTO hf_references(entry, relation, key, former) VALUES(?1, ?2, ?3, ?4)");
  for (const auto* list : {&references, &former}) {
    for (const auto& [relation, key] : *list) {
      refer.bind(1, sequence).bind_borrowed(2, relation).bind_borrowed(3, key);
      refer.bind(4, std::int64_t{list == &former}).run();
    }
  }
}

void Outbox::split(Transaction& transaction, const Entry& entry) {
  cache::Database& database = transaction.database();
  const auto effects = overlay_.effects(database, entry.sequence);
  const auto pieces = pieces_of(entry, effects, overlay_.find_table(entry.relation));
  if (pieces.size() < 2) return;
  const bool in_place = has_places(database, entry.sequence, pieces.size());
  Statement& references = database.cached(
      "INSERT OR IGNORE INTO hf_references(entry, relation, key, former)"
      " SELECT ?2, relation, key, former FROM hf_references WHERE entry=?1");
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    Entry child = entry;
    child.id = new_ordered_uuid(entry.created_at);
    child.sequence = in_place ? entry.sequence + static_cast<std::int64_t>(i) : 0;
    child.target = pieces[i].target;
    child.body = pieces[i].body;
    child.idempotency_key = idempotency_key(child.id);
    child.app_key = std::nullopt;
    child.parent = entry.parent.value_or(entry.id);
    insert(transaction, child);
    references.bind(1, entry.sequence).bind(2, child.sequence).run();
    const std::size_t end = i + 1 < pieces.size() ? pieces[i + 1].start : effects.size();
    const auto part = std::span(effects).subspan(pieces[i].start, end - pieces[i].start);
    overlay_.hand_over(transaction, entry.sequence, part, child.sequence);
  }
  Statement& own = database.cached(
      "UPDATE hf_outbox SET state='queued', target=?2, body=?3, idempotency_key=?4, parent=id,"
      " lost_answer=?5 WHERE sequence=?1");
  own.bind(1, entry.sequence).bind(2, std::string_view(pieces[0].target));
  own.bind(3, std::string_view(pieces[0].body))
      .bind(4, std::string_view(idempotency_key(new_uuid())));
  own.bind(5, std::int64_t{entry.lost_answer}).run();
}

void Outbox::rebase(Transaction& transaction, const Entry& entry, const RowRebase& rebase) {
  const Table& table = *rebase.table;
  const auto effects = effects_over(rebase, entry.relation);
  overlay_.rebase(transaction, entry.sequence, effects);
  const Effect& last = effects.back();
  std::string body = rebase.write.deletion ? "" : last.changes;
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL, lost_answer=0, operation=?2,"
      " method=?3, target=?4, body=?5, idempotency_key=?6, headers=?7 WHERE sequence=?1");
  update.bind(1, entry.sequence);
  const bool upsert = entry.operation == "upsert";
  update.bind(2, std::string_view(rebase.insert ? "insert" : upsert ? "update" : entry.operation));
  update.bind(3, std::string_view(rebase.insert ? "POST" : upsert ? "PATCH" : entry.method));
  update.bind(
      4, std::string_view(rebase.insert ? cache::rest_path(table)
                                        : cache::rest_path(table) + "?" +
                                              cache::key_filter(table, {rebase.write.old_key})));
  update.bind(5, std::string_view(body)).bind(6, std::string_view(idempotency_key(new_uuid())));
  const bool other = upsert || rebase.insert;
  update.bind(7, std::string_view(other ? without_preferences(entry.headers) : entry.headers))
      .run();
}

void Outbox::rebase(Transaction& transaction, const Entry& entry, const std::string& body,
                    std::span<const Effect> effects) {
  overlay_.rebase(transaction, entry.sequence, effects);
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL, lost_answer=0, body=?2,"
      " idempotency_key=?3 WHERE sequence=?1");
  update.bind(1, entry.sequence).bind(2, std::string_view(body));
  update.bind(3, std::string_view(idempotency_key(new_uuid()))).run();
}

void Outbox::edit(Transaction& transaction, const Entry& entry, std::span<Effect> effects,
                  const References& references, const References& former) {
  cache::Database& database = transaction.database();
  const auto dependants = dependants_of(database, entry.sequence);
  if (!is_end(entry.state)) overlay_.drop(transaction, entry.sequence);
  for (const char* old :
       {"DELETE FROM hf_effects WHERE entry=?1", "DELETE FROM hf_references WHERE entry=?1"}) {
    database.cached(old).bind(1, entry.sequence).run();
  }
  Statement& update = database.cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL, ended_at=NULL, lost_answer=0,"
      " attempts=0, last_status=0, last_error='', body=?2, minted_key=?3, idempotency_key=?4,"
      " target=?5 WHERE sequence=?1");
  update.bind(1, entry.sequence).bind(2, std::string_view(entry.body));
  update.bind(3, std::int64_t{entry.minted_key})
      .bind(4, std::string_view(idempotency_key(new_uuid())));
  update.bind(5, std::string_view(entry.target)).run();
  refer(transaction, entry.sequence, references, former);
  overlay_.apply(transaction, entry.sequence, effects);
  review(transaction, overlay_, dependants);
  release(transaction, State::kBlocked);
}

std::vector<std::string> Outbox::dependants(cache::Database& database, const Entry& dead) const {
  std::vector<std::string> ids;
  const auto dependants = dependants_of(database, dead.sequence);
  Statement& statement = database.cached("SELECT id FROM hf_outbox WHERE sequence=?1");
  for (const std::int64_t sequence : dependants) {
    if (statement.bind(1, sequence).step()) ids.emplace_back(statement.text(0));
    statement.reset();
  }
  return ids;
}

}  // namespace holdfast::queue
