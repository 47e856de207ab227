#include "routes/status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cache/pull/log_follower.h"
#include "cache/replica/row.h"
#include "gateway/http/json.h"
#include "queue/outbox.h"
#include "routes/delivery_promise.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;
using queue::State;

// Pulls may fail for so long before somebody should look: one that failed is soon followed by
// another.
constexpr std::chrono::seconds kPullsMayFail{60};

double seconds(Timestamp::duration duration) {
  return std::chrono::duration_cast<std::chrono::duration<double>>(duration).count();
}

json time_or_null(const std::optional<Timestamp>& time) {
  return time ? json(format_rfc3339(*time)) : json(nullptr);
}

struct Queue {
  std::map<State, std::int64_t> counts;
  std::optional<Timestamp> oldest;
  std::int64_t claims_changed = 0;  // of the held ones: until a person lets them go

  void add(const Queue& other) {
    claims_changed += other.claims_changed;
    for (const auto& [state, count] : other.counts) counts[state] += count;
    if (other.oldest && (!oldest || *other.oldest < *oldest)) oldest = other.oldest;
  }
  std::int64_t count(State state) const {
    const auto found = counts.find(state);
    return found == counts.end() ? 0 : found->second;
  }
  std::int64_t depth() const {
    std::int64_t sum = 0;
    for (const auto& [state, count] : counts) sum += queue::is_end(state) ? 0 : count;
    return sum;
  }
  // Of `waiting` some may be stalled, of `held` some wait for a person, of `conflicts` some are no
  // conflicts: their answers were lost, and a person has to look.
  json print(Timestamp now, const std::optional<Timestamp>& next_attempt) const {
    return {{"depth", depth()},
            {"oldest_age_s", oldest ? json(std::max(0.0, seconds(now - *oldest))) : json(nullptr)},
            {"queued", count(State::kQueued)},
            {"sending", count(State::kSending)},
            {"waiting", count(State::kWaiting) + count(State::kStalled)},
            {"stalled", count(State::kStalled)},
            {"held", count(State::kHeld)},
            {"claims_changed", claims_changed},
            {"blocked", count(State::kBlocked)},
            {"conflicts", count(State::kConflict) + count(State::kUncertain)},
            {"uncertain", count(State::kUncertain)},
            {"dead", count(State::kDead)},
            {"next_attempt_at", time_or_null(next_attempt)}};
  }
};

struct TableState {
  std::int64_t rows = 0;
  bool complete = true;
  std::optional<std::int64_t> cursor;  // microseconds since 2000-01-01
  std::optional<double> lag;
  std::int64_t pending = 0;
  std::optional<std::int64_t> expected;  // while the initial sync runs: rows that there are
  std::optional<std::int64_t> received;  // the same: bytes of them that have come
  std::optional<std::string> last_error;
  DeliveryPromise promise{};

  void add(const TableState& other) {
    rows = std::max(rows, other.rows);
    complete = complete && other.complete;
    // The worst of all: the one that is furthest behind.
    if (other.cursor && (!cursor || *other.cursor < *cursor)) cursor = other.cursor;
    if (other.lag && (!lag || *other.lag > *lag)) lag = other.lag;
    pending += other.pending;
    if (other.expected) expected = std::max(expected.value_or(0), *other.expected);
    if (other.received) received = std::max(received.value_or(0), *other.received);
    if (other.last_error) last_error = other.last_error;
  }
  // The upstream's words may hold values of rows.
  json print(bool detailed) const {
    constexpr auto kEpoch = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);
    return {{"rows", rows},
            {"complete", complete},
            {"cursor", cursor ? json(format_rfc3339(kEpoch + std::chrono::microseconds(*cursor)))
                              : json(nullptr)},
            {"lag_s", lag ? json(*lag) : json(nullptr)},
            {"pending", pending},
            {"expected_rows", expected ? json(*expected) : json(nullptr)},
            {"received_bytes", received ? json(*received) : json(nullptr)},
            {"last_error", detailed && last_error ? json(*last_error) : json(nullptr)},
            {"exactly_once",
             {{"insert", promise.insert}, {"update", promise.update}, {"delete", promise.remove}}}};
  }
};

using Tables = std::map<std::string, TableState>;

json print(const Tables& tables, bool detailed) {
  json out = json::object();
  for (const auto& [name, state] : tables) out[name] = state.print(detailed);
  return out;
}

bool is_complete(const cache::Store& store, const cache::Table& table) {
  const auto status = store.status(table);
  return status == cache::TableStatus::kComplete || status == cache::TableStatus::kDenied;
}

// All but the number of rows.
TableState state_of(cache::Store& store, cache::Database& reader, const cache::Table& table,
                    Timestamp now) {
  TableState state;
  state.complete = is_complete(store, table);
  cache::Statement& sync = reader.cached(
      "SELECT cursor, expected, last_error, (SELECT value FROM hf_meta"
      " WHERE name='received|' || relation) FROM hf_tables WHERE relation=?1");
  sync.bind(1, std::string_view(cache::relation_of(table)));
  if (sync.step()) {
    if (!sync.is_null(0)) state.cursor = sync.integer(0);
    if (!sync.is_null(1) && !state.complete) state.expected = sync.integer(1);
    if (!sync.is_null(2)) state.last_error = std::string(sync.text(2));
    if (!sync.is_null(3) && !state.complete) state.received = sync.integer(3);
  }
  sync.reset();
  if (const auto age = store.age(table, now)) state.lag = static_cast<double>(age->count());
  state.pending = store.overlay().pending_rows(reader, cache::relation_of(table));
  return state;
}

// Whether the schema could be known by now, and is not: nothing is kept, and nothing works offline.
bool lacks_schema(const Context& context, const queue::Synchronizer::Snapshot& sync) {
  if (context.standalone || (!sync.last_sync && !sync.last_error)) return false;
  const auto catalog = context.stores.catalog();
  return !catalog || catalog->tables().empty();
}

// Pulls fail although the upstream answers: what is here grows old.
bool pulls_fail(const Context& context, const queue::Synchronizer::Snapshot& sync, Timestamp now) {
  if (!sync.last_error || !context.connectivity.online()) return false;
  return !sync.last_sync || now - *sync.last_sync > kPullsMayFail;
}

// What time alone does not mend, by names that stay.
std::vector<std::string> troubles(const Context& context, const Queue& queue,
                                  const queue::Synchronizer::Snapshot& sync, Timestamp now) {
  std::vector<std::string> names;
  if (queue.count(State::kConflict) > 0) names.emplace_back("conflicts");
  if (queue.count(State::kDead) > 0) names.emplace_back("refused");
  if (queue.count(State::kUncertain) > 0) names.emplace_back("uncertain");
  if (queue.count(State::kStalled) > 0) names.emplace_back("stalled");
  if (queue.claims_changed > 0) names.emplace_back("claims_changed");
  if (pulls_fail(context, sync, now)) names.emplace_back("pulls_fail");
  if (lacks_schema(context, sync)) names.emplace_back("schema_unknown");
  return names;
}

const char* overall_state(const Context& context, const Queue& queue,
                          const queue::Synchronizer::Snapshot& sync, bool all_complete,
                          bool troubled) {
  if (sync.paused) return "paused";
  if (context.connectivity.offline()) return "offline";
  if (queue.count(State::kConflict) > 0) return "conflict";
  if (troubled) return "error";
  if (queue.depth() > 0 || !all_complete) return "syncing";
  return "synced";
}

json print_upstream(const Context& context, const StatusIdentity& identity) {
  const auto link = context.connectivity.snapshot();
  const auto companion = identity.companion.found();
  json latency = nullptr;
  if (link.latency) {
    latency = static_cast<double>(link.latency->count()) / 1000.0;
  }
  return {{"url", identity.upstream_url},
          {"tier", identity.companion.tier()},
          {"companion_outdated", companion && companion->outdated()},
          {"latency_ms", latency},
          {"last_seen", time_or_null(link.last_seen)}};
}

json print_sync(const Queue& queue, const queue::Synchronizer::Snapshot& sync, bool with_error) {
  return {{"last_sync", time_or_null(sync.last_sync)},
          {"is_syncing", sync.is_syncing},
          {"pending_uploads", queue.depth()},
          {"pending_downloads", 0},
          {"last_error", with_error && sync.last_error ? json(*sync.last_error) : json(nullptr)}};
}

}  // namespace

json status_document(const Context& context, const StatusIdentity& identity, StatusDepth depth) {
  const bool detailed = depth == StatusDepth::kDetailed;
  const Timestamp now = context.clock.now();
  const auto sync = context.synchronizer.snapshot();
  Queue queue;
  Tables tables;
  json principals = json::object();
  bool complete = true;
  std::int64_t missing = 0;  // rows that the initial syncs have still to read
  std::optional<double> watermark_lag;
  const auto companion = identity.companion.found();
  for (const auto& store : context.stores.all()) {
    auto reader = store->reader();
    const queue::Outbox outbox(store->overlay());
    const Queue own{outbox.counts(*reader), outbox.oldest(*reader),
                    outbox.held_for_claims(*reader)};
    Tables own_tables;
    for (const cache::Table* table : store->replicated()) {
      complete = complete && is_complete(*store, *table);
      if (depth == StatusDepth::kBrief) continue;
      auto state = state_of(*store, *reader, *table, now);
      state.rows = identity.row_counts->count(store, *reader, *table);
      const bool keyed = companion && companion->serves(table->schema);
      state.promise = delivery_promise(*table, context.replica.of(*table), keyed);
      const std::string name = context.replica.name_of(*table);
      own_tables[name] = state;
      const auto [known, fresh] = tables.try_emplace(name, state);
      if (!fresh) known->second.add(state);
    }
    queue.add(own);
    if (const auto lag = companion ? cache::watermark_lag(*reader) : std::nullopt) {
      watermark_lag = std::max(watermark_lag.value_or(0), *lag);
    }
    if (detailed) {
      principals[store->principal().id] = {{"queue", own.print(now, std::nullopt)},
                                           {"tables", print(own_tables, detailed)}};
    }
  }
  const auto trouble = troubles(context, queue, sync, now);
  json status = {{"version", HF_VERSION},
                 {"state", overall_state(context, queue, sync, complete, !trouble.empty())},
                 {"trouble", trouble},
                 {"online", context.connectivity.online()},
                 {"offline_by_choice", context.connectivity.offline_by_choice()},
                 {"upstream", print_upstream(context, identity)},
                 {"queue", queue.print(now, sync.next_attempt_at)},
                 {"sync", print_sync(queue, sync, depth != StatusDepth::kPublic)}};
  if (depth != StatusDepth::kBrief) {
    for (const auto& [name, state] : tables) {
      if (state.expected) missing += std::max<std::int64_t>(0, *state.expected - state.rows);
    }
    status["sync"]["pending_downloads"] = missing;
    status["sync"]["tables"] = print(tables, detailed);
    // Seconds since the oldest transaction began that is open upstream: its changes may still come.
    status["sync"]["watermark_lag_s"] = watermark_lag ? json(*watermark_lag) : json(nullptr);
  }
  if (detailed) status["principals"] = std::move(principals);
  return status;
}

std::string status_json(const Context& context, const StatusIdentity& identity, bool detailed) {
  return http::print_json(
      status_document(context, identity, detailed ? StatusDepth::kDetailed : StatusDepth::kPublic));
}

}  // namespace holdfast::routes
