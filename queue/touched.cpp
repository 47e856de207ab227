#include "queue/touched.h"

#include <algorithm>

#include "cache/replica/row.h"
#include "cache/values/codec.h"
#include "cache/values/json.h"

namespace holdfast::queue {
namespace {

bool may_change_others(const cache::Table& table, const Entry& entry) {
  const bool inserts = entry.operation == "insert" || entry.operation == "upsert";
  return std::any_of(
      table.triggers.begin(), table.triggers.end(), [&](const cache::Trigger& trigger) {
        if (trigger.before) return false;
        if (inserts && trigger.on_insert) return true;
        return entry.operation == "delete" ? trigger.on_delete
                                           : entry.operation != "insert" && trigger.on_update;
      });
}

// One for each of `rows`, nullopt where it was not there; empty for what is no such list.
std::vector<std::optional<cache::Row>> rows_in(const std::vector<ReferencedRow>& rows,
                                               const std::string& list) {
  std::vector<std::optional<cache::Row>> found;
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

}  // namespace

std::vector<ReferencedRow> touchable_rows(cache::Database& database, const cache::Overlay& overlay,
                                          const Entry& entry) {
  const cache::Table* table = overlay.find_table(entry.relation);
  if (table == nullptr || !may_change_others(*table, entry)) return {};
  std::vector<ReferencedRow> rows;
  // What only makes the row is based on nothing of it.
  cache::Statement& referenced = database.cached(
      "SELECT DISTINCT r.relation, r.key FROM hf_references r CROSS JOIN hf_effects e"
      " ON e.relation=r.relation AND e.key=r.key AND e.active=1 AND e.entry<>?1"
      " WHERE r.entry=?1 AND r.key<>'*' AND (e.kind IN (3, 4) OR e.base IS NOT NULL)");
  referenced.bind(1, entry.sequence);
  while (referenced.step()) {
    const cache::Table* other = overlay.find_table(referenced.text(0));
    if (other != nullptr) rows.push_back({other, std::string(referenced.text(1))});
  }
  return rows;
}

std::string watch_of(const std::vector<ReferencedRow>& rows) {
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

std::vector<TouchedRow> touched_rows(const std::vector<ReferencedRow>& rows,
                                     const std::string& before, const std::string& after) {
  auto then = rows_in(rows, before);
  auto now = rows_in(rows, after);
  std::vector<TouchedRow> touched;
  for (std::size_t i = 0; i < std::min(then.size(), now.size()); ++i) {
    if (then[i] && now[i]) touched.push_back({rows[i].table, *then[i], *now[i]});
  }
  return touched;
}

}  // namespace holdfast::queue
