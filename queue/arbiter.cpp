#include "queue/arbiter.h"

#include <algorithm>
#include <set>

#include "cache/replica/key.h"
#include "cache/values/json.h"
#include "gateway/base/ids.h"
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
    record.remote_at =
        changed_at(*collision.remote, version_columns(collision.table, collision.options));
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

// One row of an upsert that others have changed, or deleted.
struct Overtaken {
  std::size_t start;  // of its effects
  std::size_t place;  // in the body
  Effect effect;      // as it is compared
  const cache::UpstreamImage* image;
  Decision decision;
};

std::vector<Overtaken> overtaken_rows(const Entry& entry, const std::vector<Effect>& effects,
                                      const Collided& collided,
                                      const cache::ReplicaOptions& options) {
  std::vector<Overtaken> rows;
  const auto starts = upsert_starts(entry, effects);
  for (const RowWrite& write : overwritten_rows(entry, effects)) {
    const auto image =
        std::ranges::find(collided.images, write.old_key, &cache::UpstreamImage::key);
    if (image == collided.images.end()) continue;
    const Table& table = *image->table;
    if (!is_overtaken(table, write, image->row)) continue;
    const auto place = std::ranges::find_if(
        starts, [&](std::size_t start) { return effects[start].key == write.old_key; });
    Overtaken row{*place,
                  static_cast<std::size_t>(place - starts.begin()),
                  write.effect(entry.relation),
                  &*image,
                  {}};
    row.decision =
        decide({table, options.of(table), entry, row.effect, image->row, collided.clock_offset});
    rows.push_back(std::move(row));
  }
  return rows;
}

cache::RawObject members_of(const std::string& object) {
  auto body = cache::parse_body(object).value();
  return body.rows.empty() ? cache::RawObject() : std::move(body.rows[0]);
}

// What the upsert names, as it was decided; the rest is said as it is there now.
cache::RawObject decided_row(const Table& table, const std::string& changes, const Overtaken& row) {
  const auto ours = members_of(row.decision.changes);
  const auto theirs = members_of(cache::print_row(table, *row.image->row));
  cache::RawObject decided = members_of(changes);
  for (auto& [name, token] : decided) {
    const auto mine = cache::find_member(ours, name);
    const auto stands = mine ? mine : cache::find_member(theirs, name);
    if (stands) token = *stands;
  }
  return decided;
}

void overwrite_members(const cache::RawObject& with, cache::RawObject& object) {
  for (const auto& [name, token] : with) cache::set_member(object, name, token);
}

// Whether an insert may give the row's key.
bool has_own_key(const Table& table) {
  return table.primary_key &&
         std::ranges::none_of(table.primary_key->columns, [&](std::size_t column) {
           return table.columns[column].identity == cache::Identity::kAlways;
         });
}

// The effect, and its row of the body, over the row as it is there, which may be gone.
void rewrite_row(const Table& table, const Overtaken& row, Effect& effect, cache::RawObject& body) {
  if (row.decision.insert) {
    effect.base = std::nullopt;
    return;
  }
  const auto decided = decided_row(table, row.effect.changes, row);
  overwrite_members(decided, body);
  if (!effect.row.empty()) {
    auto anew = members_of(effect.row);
    overwrite_members(decided, anew);
    effect.row = cache::print_object(anew);
  }
  effect.changes = row.decision.changes;
  effect.base = cache::print_row(table, row.image->row);
}

// The body without these rows.
std::string left_of(const cache::RawBody& body, const std::set<std::size_t>& given_way) {
  std::string text;
  for (std::size_t i = 0; i < body.rows.size(); ++i) {
    if (given_way.contains(i)) continue;
    text += (text.empty() ? "" : ",") + cache::print_object(body.rows[i]);
  }
  return body.is_array ? "[" + text + "]" : text;
}

// The upsert's own effects without those of these rows.
std::vector<Effect> left_of(const Entry& entry, const std::vector<Effect>& effects,
                            const std::set<std::size_t>& given_way) {
  const auto starts = upsert_starts(entry, effects);
  std::vector<Effect> left;
  std::size_t row = 0;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    while (row + 1 < starts.size() && starts[row + 1] <= i) ++row;
    const bool own = !effects[i].consequence && effects[i].relation == entry.relation;
    if (own && !given_way.contains(row)) left.push_back(effects[i]);
  }
  return left;
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
  const Collision collision{*table, options_.of(*table),  entry, effect,
                            remote, collided.clock_offset};
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
    HF_TRY(const std::string whole, at_key(*table, row, rebase.write));
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
