#include <algorithm>
#include <array>

#include "cache/query/index_wish.h"
#include "cache/query/new_rows.h"
#include "cache/query/query.h"
#include "cache/query/request_shape.h"
#include "cache/query/row_window.h"
#include "cache/query/select_writer.h"
#include "cache/values/codec.h"
#include "cache/values/text.h"
#include "cache/values/time_zone.h"

namespace holdfast::cache::query {
namespace {

constexpr const char* kPartial = "the schema is known from its OpenAPI description alone";

// Each table once, but the root's again where it is embedded too.
void note_table(const Table* table, std::vector<const Table*>& tables) {
  const auto embedded = tables.begin() + (tables.empty() ? 0 : 1);
  if (table != nullptr && std::find(embedded, tables.end(), table) == tables.end()) {
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

void write_window(const RowWindow& window, Parameters& parameters, Plan& plan) {
  plan.binding.window = window;
  if (window.has_limit()) {
    plan.sql += " LIMIT " + parameters.value(window.limit.value_or(-1));
    plan.limit_parameter = static_cast<int>(parameters.count());
  }
  if (window.offset > 0) {
    plan.sql += " OFFSET " + parameters.value(window.offset);
    plan.offset_parameter = static_cast<int>(parameters.count());
  }
}

Result<Plan> read_plan(const Query& query, const Catalog& catalog, const Table& table,
                       const PlanOptions& options, SessionView view) {
  HF_TRY(const RowWindow window, row_window(query, options));
  HF_TRY(const auto root, resolve(query, catalog, table, options, Wanted::kAll));
  if (catalog.is_partial() && !root->embeds.empty()) return forward(kPartial);
  Plan plan;
  Parameters parameters(catalog, std::move(view));
  SelectWriter writer(parameters, options);
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
    plan.sql += " ORDER BY " + (order.empty() ? insertion_order(*root, options) : order);
  }
  write_window(window, parameters, plan);
  plan.root = parameters.keep(writer.shape(columns));
  note_tables(*root, plan.tables);
  note_slots(query, parameters.literals(), plan);
  plan.wish = wished_index(*root);
  if (!options.new_rows_last) plan.new_rows_sql = new_rows_probe(*root);
  HF_TRY_VOID(parameters.move_into(plan));
  return plan;
}

Result<SessionView> view_of(const PlanOptions& options) {
  SessionView view{nullptr, options.elsewhere};
  if (options.timezone.empty()) return view;
  auto zone = TimeZone::find(options.timezone);
  if (zone) {
    view.zone = *std::move(zone);
  } else if (options.sessions_own) {
    view.elsewhere.moments = true;
  } else {
    return std::move(zone).error();
  }
  return view;
}

// PostgREST sets the zone when it has planned, and before Postgres sees the query.
Result<Plan> read_plan_in_zone(const Query& query, const Catalog& catalog, const Table& table,
                               const PlanOptions& options) {
  auto view = view_of(options);
  if (view) return read_plan(query, catalog, table, options, *std::move(view));
  const auto plan = read_plan(query, catalog, table, options, {});
  const bool earlier = !plan && plan.error().code.starts_with("PGRST");
  return earlier ? plan.error() : std::move(view).error();
}

Result<Plan> target_plan(const Query& query, const Catalog& catalog, const Table& table,
                         const PlanOptions& options) {
  HF_TRY(const auto root, resolve(query, catalog, table, options, Wanted::kFiltersOnly));
  // They must exist, and say nothing else: a mutation's own filters choose its rows, !inner or not.
  root->embeds.clear();
  Plan plan;
  HF_TRY(auto view, view_of(options));
  Parameters parameters(catalog, std::move(view));
  SelectWriter writer(parameters, options);
  HF_TRY(const auto where, writer.bare_where(*root));
  plan.sql = "SELECT " + root->alias + ".rowid FROM " + writer.bare_from(*root);
  if (!where.empty()) plan.sql += " WHERE " + where;
  PlanOptions ordered = options;
  ordered.new_rows_last = true;
  plan.sql += " ORDER BY " + insertion_order(*root, ordered);
  note_tables(*root, plan.tables);
  HF_TRY_VOID(parameters.move_into(plan));
  return plan;
}

Result<Plan> representation_plan(const Query& query, const Catalog& catalog, const Table& table,
                                 const PlanOptions& options) {
  HF_TRY(const auto root, resolve(query, catalog, table, options, Wanted::kWithoutRootFilters));
  root->own_rows = options.own_rows;
  if (catalog.is_partial() && !root->embeds.empty()) return forward(kPartial);
  Plan plan;
  HF_TRY(auto view, view_of(options));
  Parameters parameters(catalog, std::move(view));
  PlanOptions unlimited = options;
  unlimited.max_rows = 0;  // PostgREST limits reads, not what a mutation returns
  unlimited.new_rows_last = true;
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
  HF_TRY_VOID(parameters.move_into(plan));
  return plan;
}

Planned planned(Result<Plan> plan, const Catalog& catalog) {
  if (plan && (!parser_can_read(plan->sql) || !parser_can_read(plan->count_sql))) {
    return Forward{"nested too deeply"};
  }
  if (plan) return *std::move(plan);
  if (plan.error().code == kForwardCode) return Forward{plan.error().message};
  // What this catalog does not know may exist all the same.
  if (catalog.is_partial()) return Forward{kPartial};
  return std::move(plan).error();
}

}  // namespace

void set_session(const Session& session, PlanOptions& options) {
  constexpr std::array<std::string_view, 14> kUtc = {
      "utc",           "gmt",       "etc/utc", "etc/gmt",  "uct",   "etc/uct", "zulu",
      "etc/universal", "universal", "gmt0",    "etc/zulu", "gmt+0", "gmt-0",   "greenwich"};
  const bool utc = std::ranges::any_of(
      kUtc, [&](std::string_view name) { return equals_ignoring_case(session.timezone, name); });
  options.timezone = utc ? "" : session.timezone;
  options.sessions_own = true;
  options.text_search = session.text_search;
  options.elsewhere.intervals = session.interval_style != "postgres";
  options.elsewhere.bytes = session.bytea_output != "hex";
}

Planned plan_read(const Query& query, const Catalog& catalog, const Table& table,
                  const PlanOptions& options) {
  return planned(read_plan_in_zone(query, catalog, table, options), catalog);
}

Planned plan_targets(const Query& query, const Catalog& catalog, const Table& table,
                     const PlanOptions& options) {
  return planned(target_plan(query, catalog, table, options), catalog);
}

Planned plan_representation(const Query& query, const Catalog& catalog, const Table& table,
                            const PlanOptions& options) {
  return planned(representation_plan(query, catalog, table, options), catalog);
}

}  // namespace holdfast::cache::query
