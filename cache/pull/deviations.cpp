#include "cache/pull/deviations.h"

#include "cache/values/codec.h"
#include "gateway/base/ids.h"

namespace holdfast::cache {
namespace {

std::string differing_columns(const Table& table, const Row& here,
                              const std::optional<Row>& remote) {
  std::string names;
  for (std::size_t i = 0; i < here.size(); ++i) {
    if (remote && here[i] == (*remote)[i]) continue;
    if (!names.empty()) names += ',';
    append_json_string(table.columns[i].name, names);
  }
  return "[" + names + "]";
}

}  // namespace

void report_deviation(Transaction& transaction, const Table& table, const std::string& key,
                      const Row& here, const std::optional<Row>& remote, Timestamp now) {
  const std::string relation = relation_of(table);
  std::optional<std::string> image;
  if (remote) image = print_row(table, *remote);
  Statement& known = transaction.database().cached(
      "SELECT 1 FROM hf_conflicts WHERE relation=?1 AND key=?2 AND state='reported'"
      " AND remote IS ?3");
  known.bind(1, std::string_view(relation)).bind(2, std::string_view(key));
  if (image) known.bind(3, std::string_view(*image));
  const bool reported = known.step();
  known.reset();
  if (reported) return;
  Statement& insert = transaction.database().cached(
      "INSERT INTO hf_conflicts(id, state, relation, key, operation, strategy, columns, base, "
      "local,"
      " remote, reason, role, detected_at)"
      " VALUES(?1, 'reported', ?2, ?3, '', 'append_only', ?4, ?5, ?5, ?6, ?7, '', ?8)");
  insert.bind(1, std::string_view(new_ordered_uuid(now))).bind(2, std::string_view(relation));
  insert.bind(3, std::string_view(key));
  insert.bind(4, std::string_view(differing_columns(table, here, remote)));
  insert.bind(5, std::string_view(print_row(table, here)));
  if (image) insert.bind(6, std::string_view(*image));
  insert.bind(7,
              std::string_view(
                  remote ? "the upstream's row was changed; the table is append-only, so it stays"
                         : "the upstream's row is gone; the table is append-only, so it stays"));
  insert.bind(8, std::int64_t{now.time_since_epoch().count()}).run();
}

}  // namespace holdfast::cache
