#include "queue/conflict_policy.h"

#include <algorithm>

#include "cache/replica/constraints.h"
#include "cache/values/codec.h"
#include "queue/three_way.h"

namespace holdfast::queue {
namespace {

using cache::ConflictStrategy;
using cache::EffectKind;
using cache::Row;
using cache::Table;
using Kind = Decision::Kind;

std::string names(const Table& table, const std::vector<std::size_t>& columns) {
  std::string list;
  for (const std::size_t column : columns) {
    list += (list.empty() ? "" : ", ") + table.columns[column].name;
  }
  return list;
}

std::vector<std::string> names_but(const Table& table, const std::vector<std::size_t>& columns) {
  std::vector<std::string> others;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const bool other = std::find(columns.begin(), columns.end(), i) == columns.end();
    if (other) others.push_back(table.columns[i].name);
  }
  return others;
}

// The row as our write would have it, whatever it was based on.
Row written(const Collision& collision) {
  const auto base = stored_row(collision.table, collision.effect.base);
  return cache::apply_effect(collision.table, collision.effect, base ? base : collision.remote)
      .value_or(Row(collision.table.columns.size(), cache::Null{}));
}

// Whether our write is surely later than the row's last change, by the upstream's clock. A stamp
// that the change has left as it was tells nothing: no trigger keeps it.
bool written_later(const Collision& collision, const VersionColumns& columns) {
  if (!collision.remote) return false;
  const auto theirs = collision.changed_by_others ? collision.changed_by_others
                                                  : changed_at(*collision.remote, columns);
  const auto base = stored_row(collision.table, collision.effect.base);
  if (!theirs || (base && changed_at(*base, columns) == theirs)) return false;
  return collision.entry.created_at + collision.clock_offset > *theirs;
}

// Who wins what collided.
enum class Winner { kLocal, kRemote, kPerson };

Winner winner(const Collision& collision, const VersionColumns& columns) {
  switch (collision.options.conflict) {
    case ConflictStrategy::kMerge:
    case ConflictStrategy::kRemoteWins:
      return Winner::kRemote;
    case ConflictStrategy::kLocalWins:
      return Winner::kLocal;
    case ConflictStrategy::kLastWriteWins:
      return written_later(collision, columns) ? Winner::kLocal : Winner::kRemote;
    case ConflictStrategy::kManual:
      break;
  }
  return Winner::kPerson;
}

Kind kind_for(Winner winner) {
  if (winner == Winner::kPerson) return Kind::kAsk;
  return winner == Winner::kLocal ? Kind::kSend : Kind::kGiveWay;
}

// An update of a row that only an own insert was to make, which then was refused or given up: what
// is there, if anything, is another's.
Decision decide_unmade(const Collision& collision) {
  Decision decision;
  decision.conflict = true;
  decision.collided = changed_columns(collision.table, collision.effect.changes, collision.remote);
  decision.reason = "the row that it changes was never made: its insert was refused or given up";
  return decision;
}

Decision decide_gone(const Collision& collision, const VersionColumns& columns) {
  Decision decision;
  decision.conflict = true;
  decision.collided = changed_columns(collision.table, collision.effect.changes,
                                      stored_row(collision.table, collision.effect.base));
  decision.reason = "the row is gone upstream, or hidden from this user";
  // An upsert asks for the row to be there, whether it is or not.
  const bool asked = collision.entry.operation == "upsert" &&
                     collision.options.conflict == ConflictStrategy::kMerge;
  decision.kind = asked ? Kind::kSend : kind_for(winner(collision, columns));
  decision.insert = decision.kind == Kind::kSend;
  return decision;
}

Decision decide_deletion(const Collision& collision, const VersionColumns& columns) {
  const auto base = stored_row(collision.table, collision.effect.base);
  Decision decision;
  // A column that was added since, the base does not name.
  const auto known = base ? named_columns(collision.table, *collision.effect.base).known
                          : collision.table.kept_columns();
  for (const std::size_t i : known) {
    if (columns.bookkeeping(i) || !collision.table.columns[i].kept) continue;
    if (base && is_same(collision.table.columns[i], (*base)[i], (*collision.remote)[i])) continue;
    decision.collided.push_back(i);
  }
  if (decision.collided.empty()) {
    decision.kind = Kind::kSend;
    return decision;
  }
  decision.conflict = true;
  decision.kind = kind_for(winner(collision, columns));
  decision.reason = names(collision.table, decision.collided) +
                    " was changed by somebody else before the deletion arrived";
  return decision;
}

std::size_t place_of(const std::vector<std::string>& order, const Table& table, const Row& row,
                     std::size_t column) {
  std::string text;
  cache::print_text(table.columns[column].type, cache::view(row[column]), text);
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), text) - order.begin());
}

// Of two values of the transition column the one further on stands; nullopt where the rule says
// nothing, as of a value that it does not know.
std::optional<Winner> further_on(const Collision& collision, const Row& local, std::size_t column) {
  const auto& order = collision.options.transitions;
  const auto ours = place_of(order, collision.table, local, column);
  const auto theirs = place_of(order, collision.table, *collision.remote, column);
  if (ours == order.size() || theirs == order.size()) return std::nullopt;
  return ours > theirs ? Winner::kLocal : Winner::kRemote;
}

bool only_bookkeeping(const std::vector<std::size_t>& kept, const VersionColumns& columns) {
  return std::all_of(kept.begin(), kept.end(),
                     [&](std::size_t column) { return columns.bookkeeping(column); });
}

// A version that the app raises itself goes on from the one that is there now.
std::string raise_version(const Collision& collision, const VersionColumns& columns,
                          std::string changes) {
  if (!columns.version) return changes;
  const auto named = changed_columns(collision.table, collision.effect.changes, std::nullopt);
  if (std::find(named.begin(), named.end(), *columns.version) == named.end()) return changes;
  const auto* theirs = std::get_if<std::int64_t>(&(*collision.remote)[*columns.version]);
  if (theirs == nullptr) return changes;
  std::vector<std::size_t> others = changed_columns(collision.table, changes, std::nullopt);
  std::erase(others, *columns.version);
  changes = keep_columns(collision.table, changes, others);
  changes.pop_back();
  if (changes.size() > 1) changes += ',';
  cache::append_json_string(collision.table.columns[*columns.version].name, changes);
  return changes + ':' + std::to_string(*theirs + 1) + '}';
}

void send_what_is_left(const Collision& collision, const VersionColumns& columns,
                       std::vector<std::size_t> kept, Decision& decision) {
  if (only_bookkeeping(kept, columns)) {
    decision.kind = Kind::kGiveWay;
    if (!decision.reason.empty()) return;
    decision.collided =
        changed_columns(collision.table, collision.effect.changes, *collision.remote);
    std::erase_if(decision.collided,
                  [&](std::size_t column) { return columns.bookkeeping(column); });
    decision.conflict = !decision.collided.empty();
    decision.reason = decision.conflict
                          ? "this write sets " + names(collision.table, decision.collided) +
                                " to what was there before; it was changed by somebody else since"
                          : "nothing is left of this write: what it names is so already";
    return;
  }
  // An app's own time of change must not take the row back behind what was read there.
  if (columns.stamp &&
      changed_at(written(collision), columns) < changed_at(*collision.remote, columns)) {
    std::erase(kept, *columns.stamp);
  }
  decision.kind = Kind::kSend;
  decision.changes = raise_version(collision, columns,
                                   keep_columns(collision.table, collision.effect.changes, kept));
}

Decision decide_update(const Collision& collision, const VersionColumns& columns) {
  const Table& table = collision.table;
  const auto base = stored_row(table, collision.effect.base);
  auto [kept, collided] =
      compare_three_ways(table, columns, collision.effect.changes, base, *collision.remote);
  Decision decision;
  decision.collided = collided;
  decision.conflict = !collided.empty();
  if (decision.conflict) {
    decision.reason = names(table, collided) + (collided.size() == 1 ? " was" : " were") +
                      " changed by somebody else meanwhile";
  }
  std::vector<std::size_t> decided;  // by the rule of transitions, for us
  const auto status = table.column_index(collision.options.transition_column);
  if (status && std::find(collided.begin(), collided.end(), *status) != collided.end()) {
    const auto stands = further_on(collision, written(collision), *status);
    if (stands) std::erase(collided, *status);
    if (stands == Winner::kLocal) decided.push_back(*status);
  }
  if (!collided.empty()) {
    const Winner wins = winner(collision, columns);
    if (wins == Winner::kPerson) {
      decision.kind = Kind::kAsk;
      return decision;
    }
    if (wins == Winner::kLocal) kept.insert(kept.end(), collided.begin(), collided.end());
    const bool merges = collision.options.conflict == ConflictStrategy::kMerge;
    if (wins == Winner::kRemote && !merges) kept.clear();
  }
  kept.insert(kept.end(), decided.begin(), decided.end());
  send_what_is_left(collision, columns, std::move(kept), decision);
  return decision;
}

}  // namespace

std::chrono::microseconds clock_offset(Timestamp sent, Timestamp received, Timestamp date) {
  const std::chrono::microseconds least = date - received;
  const std::chrono::microseconds most = date + std::chrono::seconds(1) - sent;
  if (least > std::chrono::microseconds::zero()) return least;
  return std::min(most, std::chrono::microseconds::zero());
}

std::optional<Row> local_row(const Table& table, const cache::Effect& effect) {
  return cache::apply_effect(table, effect, stored_row(table, effect.base));
}

Decision decide(const Collision& collision) {
  const auto columns = version_columns(collision.table, collision.options);
  const bool update = collision.effect.kind == EffectKind::kUpdate;
  if (update && !collision.effect.base) return decide_unmade(collision);
  if (!collision.remote) return decide_gone(collision, columns);
  if (collision.effect.kind == EffectKind::kDelete) return decide_deletion(collision, columns);
  return decide_update(collision, columns);
}

Result<std::string> merged_changes(const Table& table, const std::string& row,
                                   const std::optional<Row>& remote) {
  HF_TRY(const auto body, cache::parse_body(row));
  if (body.rows.size() != 1) return invalid_request("HF400", "row must be one JSON object");
  for (const auto& [name, token] : body.rows[0]) {
    if (!table.column_index(name)) {
      return invalid_request("PGRST204", "Could not find the '" + name + "' column of '" +
                                             table.name + "' in the schema cache");
    }
  }
  Row merged = remote ? *remote : Row(table.columns.size(), cache::Null{});
  HF_TRY_VOID(cache::merge_row(table, row, merged));
  auto changed = changed_columns(table, row, remote);
  std::erase_if(changed, [&](std::size_t column) {
    return table.columns[column].generated != cache::Generated::kNo;
  });
  if (auto error = cache::check_row(table, merged, names_but(table, changed))) return *error;
  return keep_columns(table, row, changed);
}

const char* name_of(ConflictStrategy strategy) {
  switch (strategy) {
    case ConflictStrategy::kMerge:
      return "merge";
    case ConflictStrategy::kRemoteWins:
      return "remote_wins";
    case ConflictStrategy::kLocalWins:
      return "local_wins";
    case ConflictStrategy::kLastWriteWins:
      return "last_write_wins";
    case ConflictStrategy::kManual:
      break;
  }
  return "manual";
}

}  // namespace holdfast::queue
