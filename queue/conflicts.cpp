#include "queue/conflicts.h"

#include <nlohmann/json.hpp>

namespace holdfast::queue {
namespace {

using cache::Database;
using cache::Statement;
using cache::Transaction;

constexpr const char* kInsertConflict =
    "INSERT INTO hf_conflicts(id, state, entry, relation, key, operation, strategy, columns, base,"
    " local, remote, reason, role, local_at, remote_at, detected_at, choice, resolved_by,"
    " resolved_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
    " ?17, ?18, ?19)";

#define HF_CONFLICT_COLUMNS                                                                     \
  "id, state, entry, relation, key, operation, strategy, columns, base, local, remote, reason," \
  " role, local_at, remote_at, detected_at, choice, resolved_by, resolved_at"

void bind(Statement& statement, int place, const std::optional<std::string>& text) {
  if (text) statement.bind(place, std::string_view(*text));
}
void bind(Statement& statement, int place, const std::optional<Timestamp>& time) {
  if (time) statement.bind(place, std::int64_t{time->time_since_epoch().count()});
}
// Empty text is stored as NULL.
void bind_or_null(Statement& statement, int place, const std::string& text) {
  if (!text.empty()) statement.bind(place, std::string_view(text));
}

std::optional<std::string> text_at(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional<std::string>(row.text(column));
}
std::optional<Timestamp> time_at(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return Timestamp(std::chrono::microseconds(row.integer(column)));
}

Conflict read(const Statement& row) {
  Conflict conflict;
  conflict.id = row.text(0);
  conflict.state = conflict_state_named(row.text(1)).value_or(Conflict::State::kOpen);
  conflict.entry = text_at(row, 2).value_or("");
  conflict.relation = row.text(3);
  conflict.key = row.text(4);
  conflict.operation = row.text(5);
  conflict.strategy = row.text(6);
  conflict.columns = nlohmann::json::parse(row.text(7)).get<std::vector<std::string>>();
  conflict.base = text_at(row, 8);
  conflict.local = text_at(row, 9);
  conflict.remote = text_at(row, 10);
  conflict.reason = row.text(11);
  conflict.role = row.text(12);
  conflict.local_at = time_at(row, 13);
  conflict.remote_at = time_at(row, 14);
  conflict.detected_at = time_at(row, 15).value_or(Timestamp{});
  conflict.choice = text_at(row, 16).value_or("");
  conflict.resolved_by = text_at(row, 17).value_or("");
  conflict.resolved_at = time_at(row, 18);
  return conflict;
}

}  // namespace

const char* name_of(Conflict::State state) {
  switch (state) {
    case Conflict::State::kOpen:
      return "open";
    case Conflict::State::kResolved:
      return "resolved";
    case Conflict::State::kReported:
      break;
  }
  return "reported";
}

std::optional<Conflict::State> conflict_state_named(std::string_view name) {
  for (const Conflict::State state :
       {Conflict::State::kOpen, Conflict::State::kResolved, Conflict::State::kReported}) {
    if (name == name_of(state)) return state;
  }
  return std::nullopt;
}

void Conflicts::add(Transaction& transaction, const Conflict& conflict) {
  Statement& insert = transaction.database().cached(kInsertConflict);
  insert.bind(1, std::string_view(conflict.id)).bind(2, std::string_view(name_of(conflict.state)));
  bind_or_null(insert, 3, conflict.entry);
  insert.bind(4, std::string_view(conflict.relation)).bind(5, std::string_view(conflict.key));
  insert.bind(6, std::string_view(conflict.operation));
  insert.bind(7, std::string_view(conflict.strategy));
  insert.bind(8, std::string_view(nlohmann::json(conflict.columns).dump()));
  bind(insert, 9, conflict.base);
  bind(insert, 10, conflict.local);
  bind(insert, 11, conflict.remote);
  insert.bind(12, std::string_view(conflict.reason)).bind(13, std::string_view(conflict.role));
  bind(insert, 14, conflict.local_at);
  bind(insert, 15, conflict.remote_at);
  insert.bind(16, std::int64_t{conflict.detected_at.time_since_epoch().count()});
  bind_or_null(insert, 17, conflict.choice);
  bind_or_null(insert, 18, conflict.resolved_by);
  bind(insert, 19, conflict.resolved_at);
  insert.run();
}

void Conflicts::resolve(Transaction& transaction, const std::string& id, const std::string& choice,
                        const std::string& by, Timestamp now) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_conflicts SET state='resolved', choice=?2, resolved_by=?3, resolved_at=?4"
      " WHERE id=?1");
  update.bind(1, std::string_view(id)).bind(2, std::string_view(choice));
  update.bind(3, std::string_view(by));
  update.bind(4, std::int64_t{now.time_since_epoch().count()}).run();
}

void Conflicts::close_of(Transaction& transaction, const std::string& entry,
                         const std::string& choice, Timestamp now) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_conflicts SET state='resolved', choice=?2, resolved_by='person', resolved_at=?3"
      " WHERE entry=?1 AND state='open'");
  update.bind(1, std::string_view(entry)).bind(2, std::string_view(choice));
  update.bind(3, std::int64_t{now.time_since_epoch().count()}).run();
}

std::optional<Conflict> Conflicts::find(Database& database, const std::string& id) {
  Statement& statement =
      database.cached("SELECT " HF_CONFLICT_COLUMNS " FROM hf_conflicts WHERE id=?1");
  statement.bind(1, std::string_view(id));
  if (!statement.step()) return std::nullopt;
  Conflict conflict = read(statement);
  statement.reset();
  return conflict;
}

std::vector<Conflict> Conflicts::list(Database& database, std::optional<Conflict::State> state) {
  Statement statement(database, state ? "SELECT " HF_CONFLICT_COLUMNS
                                        " FROM hf_conflicts WHERE state=?1 ORDER BY sequence"
                                      : "SELECT " HF_CONFLICT_COLUMNS
                                        " FROM hf_conflicts ORDER BY sequence");
  if (state) statement.bind(1, std::string_view(name_of(*state)));
  std::vector<Conflict> conflicts;
  while (statement.step()) conflicts.push_back(read(statement));
  return conflicts;
}

std::int64_t Conflicts::count(Database& database, Conflict::State state) {
  Statement& statement = database.cached("SELECT count(*) FROM hf_conflicts WHERE state=?1");
  statement.bind(1, std::string_view(name_of(state))).step();
  const std::int64_t count = statement.integer(0);
  statement.reset();
  return count;
}

}  // namespace holdfast::queue
