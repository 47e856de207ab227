#include "queue/touched.h"

#include <algorithm>
#include <map>

#include "cache/pull/table_source.h"
#include "cache/replica/row.h"
#include "cache/values/codec.h"
#include "cache/values/json.h"
#include "queue/bare_call.h"

namespace holdfast::queue {
namespace {

// What only makes a row is based on nothing of it.
#define HF_IS_BASED "(e.kind IN (3, 4) OR e.base IS NOT NULL)"

constexpr const char* kOfReferred =
    "SELECT DISTINCT r.relation, r.key FROM hf_references r CROSS JOIN hf_effects e"
    " ON e.relation=r.relation AND e.key=r.key AND e.active=1 AND e.entry<>?1"
    " WHERE r.entry=?1 AND r.key<>'*' AND " HF_IS_BASED;
constexpr const char* kOfLater =
    "SELECT e.relation, e.key FROM hf_effects e WHERE e.active=1 AND e.entry>?1 AND " HF_IS_BASED
    " GROUP BY e.relation, e.key ORDER BY min(e.entry) LIMIT 1000";
// As many as are looked at in a moment.
constexpr const char* kOfUpsert =
    "SELECT mine.relation, mine.key FROM hf_effects mine WHERE mine.entry=?1 AND mine.consequence=0"
    " AND EXISTS(SELECT 1 FROM hf_effects e WHERE e.relation=mine.relation AND e.key=mine.key"
    " AND e.active=1 AND e.entry>mine.entry) LIMIT 200";

bool may_change_others(const cache::Table& table, const Entry& entry) {
  const bool inserts = makes_rows(entry);
  return std::any_of(
      table.triggers.begin(), table.triggers.end(), [&](const cache::Trigger& trigger) {
        if (trigger.before) return false;
        if (inserts && trigger.on_insert) return true;
        return entry.operation == "delete" ? trigger.on_delete
                                           : entry.operation != "insert" && trigger.on_update;
      });
}

std::vector<WatchedRow> rows_of(cache::Database& database, const cache::Overlay& overlay,
                                const Entry& entry, const char* sql) {
  std::vector<WatchedRow> rows;
  cache::Statement& statement = database.cached(sql);
  statement.bind(1, entry.sequence);
  while (statement.step()) {
    const cache::Table* table = overlay.find_table(statement.text(0));
    if (table != nullptr) rows.push_back({table, std::string(statement.text(1))});
  }
  return rows;
}

}  // namespace

std::vector<WatchedRow> touchable_rows(cache::Database& database, const cache::Overlay& overlay,
                                       const Entry& entry) {
  if (is_opaque(entry)) return rows_of(database, overlay, entry, kOfLater);
  const cache::Table* table = overlay.find_table(entry.relation);
  if (table == nullptr || !may_change_others(*table, entry)) return {};
  return rows_of(database, overlay, entry, kOfReferred);
}

std::vector<WatchedRow> watched_rows(cache::Database& database, const cache::Overlay& overlay,
                                     const Entry& entry) {
  auto rows = touchable_rows(database, overlay, entry);
  if (entry.operation != "upsert") return rows;
  auto own = rows_of(database, overlay, entry, kOfUpsert);
  std::move(own.begin(), own.end(), std::back_inserter(rows));
  return rows;
}

std::string watch_of(const std::vector<WatchedRow>& rows) {
  std::string watch = "[";
  for (const auto& [table, key] : rows) {
    watch += watch.size() > 1 ? ",{\"schema\":" : "{\"schema\":";
    cache::append_json_string(table->schema, watch);
    watch += ",\"table\":";
    cache::append_json_string(table->name, watch);
    watch += ",\"match\":[{\"key\":" + key + "}]}";
  }
  return watch + "]";
}

SeenWatched seen_by_companion(const std::vector<WatchedRow>& rows, const std::string& list) {
  SeenWatched found;
  const auto seen = cache::parse_body(list, cache::BodyKeys::kAny);
  const auto has_one = [](const cache::RawObject& object) { return object.size() == 1; };
  if (!seen || seen->rows.size() != rows.size()) return found;
  if (!std::all_of(seen->rows.begin(), seen->rows.end(), has_one)) return found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string& token = seen->rows[i].at(0).second;
    found.emplace_back();
    if (token == "null") continue;
    if (auto row = cache::parse_row(*rows[i].table, token)) found.back() = *std::move(row);
  }
  return found;
}

SeenWatched see_watched(upstream::Upstream& upstream, const Sender& sender, const Parcel& parcel) {
  const auto& rows = parcel.watched;
  SeenWatched found(rows.size());
  std::map<const cache::Table*, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < rows.size(); ++i) places[rows[i].table].push_back(i);
  for (const auto& [table, all] : places) {
    for (std::size_t first = 0; first < all.size(); first += cache::kKeysInRequest) {
      const std::size_t last = std::min(all.size(), first + cache::kKeysInRequest);
      std::vector<std::string> keys;
      for (std::size_t i = first; i < last; ++i) keys.push_back(rows[all[i]].key);
      auto read = read_rows(upstream, sender, parcel.entry, *table, keys);
      auto* seen = std::get_if<SeenRows>(&read);
      if (seen == nullptr) return found;
      for (std::size_t i = first; i < last; ++i) {
        found[all[i]] = std::move(seen->images[i - first].row);
      }
    }
  }
  return found;
}

std::vector<TouchedRow> touched_rows(const std::vector<WatchedRow>& rows, const SeenWatched& before,
                                     const SeenWatched& after) {
  std::vector<TouchedRow> touched;
  for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    if (before[i] && after[i]) touched.push_back({rows[i].table, *before[i], *after[i]});
  }
  return touched;
}

}  // namespace holdfast::queue
