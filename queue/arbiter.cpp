#include "queue/arbiter.h"

#include <algorithm>
#include <set>

#include "cache/replica/key.h"
#include "cache/values/json.h"
#include "gateway/base/ids.h"
#include "queue/overtaken.h"
#include "queue/row_version.h"
#include "queue/three_way.h"

namespace holdfast::queue {
namespace {

using cache::Effect;
using cache::Row;
using cache::Table;
using cache::Transaction;

// The row was read just now: it is presumed no longer.
void show_read(Transaction& transaction, cache::Overlay& overlay,
               const cache::UpstreamImage& image) {
  overlay.put_base(transaction, *image.table, image.key, image.row);
  cache::Statement& known =
      transaction.database().cached("DELETE FROM hf_rereads WHERE relation=?1 AND key=?2");
  known.bind(1, std::string_view(cache::relation_of(*image.table)));
  known.bind(2, std::string_view(image.key)).run();
}

// The columns of a row, and those of its key that they do not name.
Result<std::string> with_key(const std::string& row, const std::string& key) {
  HF_TRY(const auto named, cache::parse_body(row));
  HF_TRY(const auto place, cache::parse_body(key));
  if (named.rows.size() != 1) return invalid_request("HF400", "row must be one JSON object");
  cache::RawObject members = named.rows[0];
  for (const auto& column : place.rows.at(0)) {
    if (!cache::find_member(members, column.first)) members.push_back(column);
  }
  return cache::print_object(members);
}

// The row as the write would have it; where nothing was known of it, what the write says.
std::optional<std::string> local_side(const Collision& collision) {
  const auto row = local_row(collision.table, collision.effect);
  if (row || collision.effect.kind != cache::EffectKind::kUpdate) {
    return cache::print_row(collision.table, row);
  }
  return with_key(collision.effect.changes, collision.effect.key).value();
}

Conflict record_of(const Collision& collision, const Decision& decision, Timestamp now) {
  Conflict record;
  record.id = new_ordered_uuid(now);
  record.entry = collision.entry.id;
  record.relation = collision.entry.relation;
  record.key = collision.effect.key;
  record.operation = collision.entry.operation;
  record.strategy = name_of(collision.options.conflict);
  for (const std::size_t column : decision.collided) {
    record.columns.push_back(collision.table.columns[column].name);
  }
  record.base = collision.effect.base;
  record.local = local_side(collision);
  record.remote = cache::print_row(collision.table, collision.remote);
  record.reason = decision.reason;
  record.role = collision.entry.role;
  record.local_at = collision.entry.created_at;
  if (collision.remote) {
    const auto columns = version_columns(collision.table, collision.options);
    record.remote_at = collision.changed_by_others ? collision.changed_by_others
                                                   : changed_at(*collision.remote, columns);
  }
  record.detected_at = now;
  return record;
}

// A person's row with its key, which is the one that the write has given it unless the row says
// that it stays where it was.
Result<std::string> at_key(const Table& table, const std::string& row, RowWrite& write) {
  HF_TRY(const std::string whole, with_key(row, write.new_key));
  Row place(table.columns.size(), cache::Null{});
  HF_TRY_VOID(cache::merge_row(table, whole, place));
  const std::string wanted = cache::key_of(table, place);
  if (wanted == write.old_key) write.new_key = write.old_key;
  if (wanted != write.new_key) {
    const bool moved = write.new_key != write.old_key;
    return invalid_request("HF400", "The row's key can only be " + write.old_key +
                                        (moved ? " or " + write.new_key : ""));
  }
  return whole;
}

// A person's row with what else the write changes and nobody contests.
std::string with_uncontested(const RowRebase& rebase, const VersionColumns& versions,
                             const Conflict& conflict, const std::string& row) {
  auto named = cache::parse_body(row);
  const auto own = cache::parse_body(rebase.changes);
  if (!named || named->rows.size() != 1 || !own || own->rows.size() != 1) return row;
  for (const auto& [name, token] : own->rows[0]) {
    const auto column = rebase.table->column_index(name);
    const bool contested = std::ranges::count(conflict.columns, name) > 0;
    if (!column || contested || versions.bookkeeping(*column)) continue;
    if (!cache::find_member(named->rows[0], name)) cache::set_member(named->rows[0], name, token);
  }
  return cache::print_object(named->rows[0]);
}

// Who won, for the record of a policy's decision.
const char* choice_of(const Collision& collision, const Decision& decision) {
  if (decision.kind == Decision::Kind::kGiveWay) return "remote";
  const auto sent = changed_columns(collision.table, decision.changes, std::nullopt);
  const bool all_ours =
      std::all_of(decision.collided.begin(), decision.collided.end(), [&](std::size_t column) {
        return std::find(sent.begin(), sent.end(), column) != sent.end();
      });
  return decision.insert || collision.effect.kind == cache::EffectKind::kDelete || all_ours
             ? "local"
             : "merged";
}

// A collision proves that none of it was applied, also where an answer was lost before.
void split_unapplied(Outbox& outbox, Transaction& transaction, Entry entry) {
  entry.lost_answer = false;
  outbox.split(transaction, entry);
}

void add_decided(Transaction& transaction, Conflict record, const char* choice, Timestamp now) {
  record.state = Conflict::State::kResolved;
  record.choice = choice;
  record.resolved_by = "policy";
  record.resolved_at = now;
  Conflicts::add(transaction, record);
}

// Hard case 7: a row's stamp tells of an own update where one was delivered after what others did;
// then of when they did, as the row that it was compared with says. By the upstream's clock;
// nullopt where the strategy does not ask.
std::optional<Timestamp> changed_by_others(cache::Database& database, const Collision& collision) {
  const auto columns = version_columns(collision.table, collision.options);
  const bool asked = collision.options.conflict == cache::ConflictStrategy::kLastWriteWins;
  if (!asked || !collision.remote || !columns.stamp) return std::nullopt;
  auto changed = changed_at(*collision.remote, columns);
  cache::Statement& own = database.cached(
      "SELECT e.base, o.ended_at, o.operation FROM hf_outbox o"
      " CROSS JOIN hf_effects e ON e.entry=o.sequence"
      " WHERE o.state='acknowledged' AND o.ended_at IS NOT NULL AND o.sequence<?1"
      " AND e.relation=?2 AND e.key=?3 ORDER BY o.sequence DESC");
  own.bind(1, collision.entry.sequence).bind(2, std::string_view(collision.effect.relation));
  own.bind(3, std::string_view(collision.effect.key));
  while (changed && own.step()) {
    const Timestamp delivered(std::chrono::microseconds(own.integer(1)));
    // Only an update compares the stamp with that of its base.
    const bool compared = own.text(2) == "update" && !own.is_null(0);
    if (!compared || *changed > delivered + collision.clock_offset) break;
    changed = changed_at(cache::read_stored(collision.table, own.text(0)), columns);
  }
  own.reset();
  return changed;
}

// What a person is asked, or was decided, if it is a conflict at all.
void list(Transaction& transaction, const Collision& collision, const Decision& decision,
          Timestamp now) {
  if (!decision.conflict) return;
  Conflict record = record_of(collision, decision, now);
  if (decision.kind == Decision::Kind::kAsk) {
    Conflicts::add(transaction, record);
  } else {
    add_decided(transaction, std::move(record), choice_of(collision, decision), now);
  }
}

}  // namespace

Arbiter::Outcome Arbiter::settle(Transaction& transaction, const Entry& entry,
                                 const Collided& collided, Timestamp now) {
  if (entry.operation == "upsert") return settle_upsert(transaction, entry, collided, now);
  const Table* table = collided.images.empty() ? nullptr : collided.images.front().table;
  if (table != nullptr &&
      outbox_.overlay().is_presumed(transaction.database(), *table, collided.images.front().key)) {
    show_read(transaction, outbox_.overlay(), collided.images.front());
  }
  // What was sent together with it may have rebased it since.
  const auto effects = outbox_.overlay().effects(transaction.database(), entry.sequence);
  const auto write = single_row(entry, effects);
  if (!write || table == nullptr) {
    split_unapplied(outbox_, transaction, entry);
    return {End::kSentAgain, "split into its rows"};
  }
  const std::optional<Row>& remote = collided.images.front().row;
  const Effect effect = write->effect(entry.relation);
  Collision collision{*table, options_.of(*table), entry, effect, remote, collided.clock_offset};
  collision.changed_by_others = changed_by_others(transaction.database(), collision);
  const Decision decision = decide(collision);
  list(transaction, collision, decision, now);
  show_read(transaction, outbox_.overlay(), collided.images.front());
  switch (decision.kind) {
    case Decision::Kind::kSend:
      outbox_.rebase(transaction, entry,
                     {table, *write, remote, decision.insert ? write->changes : decision.changes,
                      decision.insert});
      return {End::kSentAgain, decision.reason};
    case Decision::Kind::kGiveWay:
      outbox_.resolve(transaction, entry, decision.reason, collided.images, now);
      return {End::kResolved, decision.reason};
    case Decision::Kind::kAsk:
      break;
  }
  outbox_.park(transaction, entry, State::kConflict, 0, decision.reason);
  return {End::kAsks, decision.reason};
}

Arbiter::Outcome Arbiter::settle_upsert(Transaction& transaction, const Entry& entry,
                                        const Collided& collided, Timestamp now) {
  cache::Overlay& overlay = outbox_.overlay();
  for (const auto& image : collided.images) {
    if (overlay.is_presumed(transaction.database(), *image.table, image.key)) {
      show_read(transaction, overlay, image);
    }
  }
  auto effects = overlay.effects(transaction.database(), entry.sequence);
  const auto rows = overtaken_rows(entry, effects, collided, options_);
  if (rows.empty()) {
    outbox_.wait(transaction, entry, entry.attempts, {now, 0, ""});
    return {End::kSentAgain, ""};
  }
  const Table& table = *rows.front().image->table;
  const auto starts = upsert_starts(entry, effects);
  const bool asks = std::ranges::any_of(
      rows, [](const Overtaken& row) { return row.decision.kind == Decision::Kind::kAsk; });
  const bool inserts = has_own_key(table) && std::ranges::any_of(rows, [](const Overtaken& row) {
                         return row.decision.insert;
                       });
  if ((asks || inserts) && starts.size() > 1) {
    // What a person decides, or is made again, is one row; the others need not wait for it.
    split_unapplied(outbox_, transaction, entry);
    return {End::kSentAgain, "split into its rows"};
  }
  auto body = cache::parse_body(entry.body, cache::BodyKeys::kAny).value();
  std::set<std::size_t> given_way;
  for (const Overtaken& row : rows) {
    const Collision collision{table,      options_.of(table), entry,
                              row.effect, row.image->row,     collided.clock_offset};
    list(transaction, collision, row.decision, now);
    show_read(transaction, overlay, *row.image);
    if (row.decision.kind == Decision::Kind::kGiveWay) given_way.insert(row.place);
    if (row.decision.kind == Decision::Kind::kSend && !inserts) {
      rewrite_row(table, row, effects[row.start], body.rows.at(row.place));
    }
  }
  const std::string reason = rows.back().decision.reason;
  if (inserts) {
    // The whole row, under its key: what another device makes there meanwhile refuses it.
    const auto write = contested_row(entry, effects);
    outbox_.rebase(transaction, entry, {&table, *write, std::nullopt, write->changes, true});
    return {End::kSentAgain, reason};
  }
  if (asks) {
    outbox_.park(transaction, entry, State::kConflict, 0, reason);
    return {End::kAsks, reason};
  }
  if (given_way.size() == starts.size()) {
    outbox_.resolve(transaction, entry, reason, collided.images, now);
    return {End::kResolved, reason};
  }
  outbox_.rebase(transaction, entry, left_of(body, given_way), left_of(entry, effects, given_way));
  return {End::kSentAgain, reason};
}

void Arbiter::give_way(Transaction& transaction, const Entry& entry,
                       const std::vector<Effect>& effects, const Superseded& superseded,
                       Timestamp now) {
  for (const Effect& effect : effects) {
    const Table* table = outbox_.overlay().find_table(effect.relation);
    const bool own = !effect.consequence && effect.relation == entry.relation;
    if (!superseded.listed || !own || table == nullptr) continue;
    const auto image = std::find_if(superseded.images.begin(), superseded.images.end(),
                                    [&](const auto& seen) { return seen.key == effect.key; });
    const auto remote = image == superseded.images.end()
                            ? outbox_.overlay().base_of(transaction.database(), *table, effect.key)
                            : image->row;
    const Collision collision{*table, options_.of(*table), entry, effect, remote, {}};
    Decision decision;
    decision.reason = superseded.reason;
    decision.collided = changed_columns(*table, effect.changes, remote);
    const bool deletes = effect.kind == cache::EffectKind::kDelete;
    if (deletes ? !remote : decision.collided.empty()) continue;
    add_decided(transaction, record_of(collision, decision, now), "remote", now);
  }
  outbox_.resolve(transaction, entry, superseded.reason, superseded.images, now);
}

Result<void> Arbiter::resolve(Transaction& transaction, const Conflict& conflict, Choice choice,
                              const std::string& row, Timestamp now) {
  const auto decided = [] {
    return Error{ErrorKind::kConflict, "HF409", "This conflict is decided already", std::nullopt,
                 std::nullopt};
  };
  if (conflict.state != Conflict::State::kOpen) return decided();
  const auto entry = outbox_.find(transaction.database(), conflict.entry);
  if (!entry || entry->state != State::kConflict) return decided();
  const auto effects = outbox_.overlay().effects(transaction.database(), entry->sequence);
  const auto write = contested_row(*entry, effects);
  const Table* table = outbox_.overlay().find_table(entry->relation);
  if (!write || table == nullptr) return decided();
  const auto remote = stored_row(*table, conflict.remote);
  if (choice == Choice::kRemote) {
    // What is known of the row by now may be newer than the conflict.
    outbox_.resolve(transaction, *entry, "a person chose the upstream's row", {}, now);
    Conflicts::resolve(transaction, conflict.id, "remote", "person", now);
    return {};
  }
  RowRebase rebase{table, *write, remote, write->changes, !remote && !write->deletion};
  if (remote && !write->deletion && write->base) {
    // What it only states again was not asked about.
    rebase.changes =
        keep_columns(*table, write->changes,
                     changed_columns(*table, write->changes, stored_row(*table, write->base)));
  }
  if (choice == Choice::kMerged) {
    if (write->deletion) return invalid_request("HF400", "A deletion has no row to merge");
    const auto against = remote ? remote : stored_row(*table, write->base);
    HF_TRY(std::string whole, at_key(*table, row, rebase.write));
    if (remote && write->base) {
      const auto versions = version_columns(*table, options_.of(*table));
      whole = with_uncontested(rebase, versions, conflict, whole);
    }
    HF_TRY(rebase.changes, merged_changes(*table, whole, against));
    if (rebase.changes == "{}") {
      outbox_.resolve(transaction, *entry, "a person chose the upstream's row", {}, now);
      Conflicts::resolve(transaction, conflict.id, "merged", "person", now);
      return {};
    }
  }
  outbox_.rebase(transaction, *entry, rebase);
  Conflicts::resolve(transaction, conflict.id, choice == Choice::kLocal ? "local" : "merged",
                     "person", now);
  return {};
}

}  // namespace holdfast::queue
