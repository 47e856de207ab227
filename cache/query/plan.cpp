#include <algorithm>
#include <limits>

#include "cache/query/query.h"
#include "cache/query/select_writer.h"
#include "cache/values/codec.h"
#include "cache/values/time_zone.h"

namespace holdfast::cache::query {
namespace {

Error unsatisfiable(const char* details) {
  return invalid_request("PGRST103", "Requested range not satisfiable", details);
}

// limit= and offset= within the Range header; a limit of zero is allowed, a negative one is not.
Result<void> set_range(const Place& root, const PlanOptions& options, Plan& plan) {
  const std::int64_t first = options.range ? std::max<std::int64_t>(options.range->first, 0) : 0;
  std::optional<std::int64_t> last =
      options.range ? options.range->second : std::optional<std::int64_t>();
  if (last && *last < first) {
    return unsatisfiable(
        "The lower boundary must be lower than or equal to the upper boundary in the Range "
        "header.");
  }
  if (root.range.limit == 0) {
    plan.limit = 0;
    return {};
  }
  if (root.range.limit) {
    const std::int64_t room = std::numeric_limits<std::int64_t>::max() -
                              std::max(first, std::max<std::int64_t>(root.range.offset, 0));
    const std::int64_t end = root.range.offset - 1 + std::min(*root.range.limit, room);
    last = std::min(last.value_or(end), end);
  }
  plan.offset = std::max(first, root.range.offset);
  if (last && *last < plan.offset) {
    return unsatisfiable("Limit should be greater than or equal to zero.");
  }
  if (last) plan.limit = *last - plan.offset + 1;
  if (options.max_rows > 0) {
    plan.limit = std::min(plan.limit.value_or(options.max_rows), options.max_rows);
  }
  return {};
}

void note_table(const Table* table, std::vector<const Table*>& tables) {
  if (table != nullptr && std::find(tables.begin(), tables.end(), table) == tables.end()) {
    tables.push_back(table);
  }
}

void note_tables(const Place& place, std::vector<const Table*>& tables) {
  note_table(place.table, tables);
  note_table(place.relationship.junction, tables);
  for (const auto& embed : place.embeds) note_tables(*embed, tables);
}

std::string column_list(const std::vector<OutputColumn>& columns) {
  std::string sql;
  for (const auto& column : columns) sql += (sql.empty() ? "" : ", ") + column.sql;
  return sql.empty() ? "1" : sql;
}

Result<void> write_count(SelectWriter& writer, const Place& root, const Parameters& parameters,
                         Plan& plan) {
  HF_TRY(const std::string where, writer.bare_where(root));
  plan.count_sql = "SELECT count(*) FROM " + writer.bare_from(root);
  if (!where.empty()) plan.count_sql += " WHERE " + where;
  plan.count_values = parameters.count();
  return {};
}

Result<Plan> read_plan(const Query& query, const Catalog& catalog, const Table& table,
                       const PlanOptions& options, std::shared_ptr<const TimeZone> zone) {
  HF_TRY(const auto root, resolve(query, catalog, table, options, Wanted::kAll));
  Plan plan;
  HF_TRY_VOID(set_range(*root, options, plan));
  Parameters parameters(catalog, std::move(zone));
  SelectWriter writer(parameters, options);
  if (options.count && root->aggregated()) return forward("a count of groups");
  if (options.count) HF_TRY_VOID(write_count(writer, *root, parameters, plan));
  HF_TRY(const auto columns, writer.outputs(*root));
  HF_TRY(const auto from, writer.from(*root));
  HF_TRY(const auto where, writer.where(*root));
  HF_TRY(const auto order, writer.order(*root));
  plan.sql = "SELECT " + column_list(columns) + " FROM " + from;
  if (!where.empty()) plan.sql += " WHERE " + where;
  if (root->aggregated()) {
    HF_TRY(const auto groups, SelectWriter::group_by(columns));
    plan.sql += groups;
    if (!order.empty()) plan.sql += " ORDER BY " + order;
  } else {
    // Without an order rows come as they were inserted, whatever index SQLite prefers to walk.
    plan.sql += " ORDER BY " + (order.empty() ? root->alias + ".rowid" : order);
  }
  if (plan.limit || plan.offset > 0) {
    plan.sql += " LIMIT " + parameters.value(plan.limit.value_or(-1));
  }
  if (plan.offset > 0) plan.sql += " OFFSET " + parameters.value(plan.offset);
  plan.root = parameters.keep(writer.shape(columns));
  note_tables(*root, plan.tables);
  parameters.move_into(plan);
  return plan;
}

// PostgREST sets the zone when it has planned, and before Postgres sees the query.
Result<Plan> read_plan_in_zone(const Query& query, const Catalog& catalog, const Table& table,
                               const PlanOptions& options) {
  if (options.timezone.empty()) return read_plan(query, catalog, table, options, nullptr);
  auto zone = TimeZone::find(options.timezone);
  if (zone) return read_plan(query, catalog, table, options, *std::move(zone));
  const auto plan = read_plan(query, catalog, table, options, nullptr);
  const bool earlier = !plan && plan.error().code.starts_with("PGRST");
  return earlier ? plan.error() : std::move(zone).error();
}

Result<Plan> target_plan(const Query& query, const Catalog& catalog, const Table& table,
                         const PlanOptions& options) {
  HF_TRY(const auto root, resolve(query, catalog, table, options, Wanted::kFiltersOnly));
  Plan plan;
  Parameters parameters(catalog);
  SelectWriter writer(parameters, options);
  HF_TRY(const auto where, writer.bare_where(*root));
  plan.sql = "SELECT " + root->alias + ".rowid FROM " + writer.bare_from(*root);
  if (!where.empty()) plan.sql += " WHERE " + where;
  plan.sql += " ORDER BY " + root->alias + ".rowid";
  note_tables(*root, plan.tables);
  parameters.move_into(plan);
  return plan;
}

Result<Plan> representation_plan(const Query& query, const Catalog& catalog, const Table& table,
                                 const PlanOptions& options) {
  HF_TRY(const auto root, resolve(query, catalog, table, options, Wanted::kWithoutRootFilters));
  Plan plan;
  Parameters parameters(catalog);
  PlanOptions unlimited = options;
  unlimited.max_rows = 0;  // PostgREST limits reads, not what a mutation returns
  SelectWriter writer(parameters, unlimited);
  if (root->aggregated()) return forward("aggregates over what a mutation returns");
  const std::string rowids = parameters.value(Null{});
  plan.rowids_parameter = static_cast<int>(parameters.count());
  HF_TRY(const auto columns, writer.outputs(*root));
  HF_TRY(const auto from, writer.from(*root));
  HF_TRY(const auto where, writer.where(*root));
  HF_TRY(const auto order, writer.order(*root));
  plan.sql = "SELECT " + column_list(columns) + " FROM json_each(" + rowids +
             ") AS given CROSS JOIN " + from + " WHERE " + root->alias + ".rowid = given.value";
  if (!where.empty()) plan.sql += " AND " + where;
  plan.sql += " ORDER BY " + (order.empty() ? "" : order + ", ") + "given.key";
  plan.root = parameters.keep(writer.shape(columns));
  note_tables(*root, plan.tables);
  parameters.move_into(plan);
  return plan;
}

Planned planned(Result<Plan> plan) {
  if (plan && (!parser_can_read(plan->sql) || !parser_can_read(plan->count_sql))) {
    return Forward{"nested too deeply"};
  }
  if (plan) return *std::move(plan);
  if (plan.error().code == kForwardCode) return Forward{plan.error().message};
  return std::move(plan).error();
}

}  // namespace

Planned plan_read(const Query& query, const Catalog& catalog, const Table& table,
                  const PlanOptions& options) {
  return planned(read_plan_in_zone(query, catalog, table, options));
}

Planned plan_targets(const Query& query, const Catalog& catalog, const Table& table,
                     const PlanOptions& options) {
  return planned(target_plan(query, catalog, table, options));
}

Planned plan_representation(const Query& query, const Catalog& catalog, const Table& table,
                            const PlanOptions& options) {
  return planned(representation_plan(query, catalog, table, options));
}

}  // namespace holdfast::cache::query
