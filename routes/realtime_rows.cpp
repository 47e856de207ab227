#include "routes/realtime_rows.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cache/query/query.h"
#include "cache/replica/row.h"
#include "gateway/http/json.h"
#include "gateway/http/uri.h"
#include "routes/row_path.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;
using cache::TableStatus;
namespace query = cache::query;

constexpr std::size_t kRowsAtOnce = 1'000;

// pg_type's names, where they are not the words of the standard.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kTypeNames = {
    {{"boolean", "bool"},
     {"smallint", "int2"},
     {"integer", "int4"},
     {"bigint", "int8"},
     {"real", "float4"},
     {"double precision", "float8"},
     {"character varying", "varchar"},
     {"character", "bpchar"},
     {"timestamp without time zone", "timestamp"},
     {"timestamp with time zone", "timestamptz"},
     {"time without time zone", "time"},
     {"time with time zone", "timetz"}}};

std::string type_name(const cache::Type& type) {
  if (type.element) return "_" + type_name(*type.element);
  const auto known = std::ranges::find(kTypeNames, std::string_view(type.base),
                                       [](const auto& names) { return names.first; });
  return known == kTypeNames.end() ? type.base : std::string(known->second);
}

bool names(const std::string& wanted, const std::string& name) {
  return wanted.empty() || wanted == "*" || wanted == name;
}

std::string filter_query(const std::string& filter) {
  const std::size_t equals = filter.find('=');
  if (filter.empty() || equals == std::string::npos) return filter;
  return "&" + http::percent_encode(filter.substr(0, equals)) + "=" +
         http::percent_encode(filter.substr(equals + 1));
}

}  // namespace

RowTail::RowTail(const Context& context, http::Principal principal)
    : context_(context), principal_(std::move(principal)), store_(context.stores.open(principal_)) {
  commits_ = store_->writer().commits();
  cursor_ = cache::ChangeFeed(*store_).now();
}

bool RowTail::is_served(const cache::Table& table) const {
  return table.primary_key && store_->status(table) == TableStatus::kComplete;
}

std::optional<std::string> RowTail::refuse(const RowSubscription& subscription) const {
  std::size_t served = 0;
  for (const cache::Table* table : store_->replicated()) {
    if (!names(subscription.schema, table->schema) || !names(subscription.table, table->name)) {
      continue;
    }
    if (!is_served(*table)) continue;
    ++served;
    if (!subscription.filter.empty() && !plan(subscription, *table, "{}")) {
      return "the filter " + subscription.filter + " cannot be evaluated here";
    }
  }
  if (served > 0) return std::nullopt;
  return "no table " + subscription.schema + "." + subscription.table +
         " with a primary key is kept here";
}

std::optional<query::Plan> RowTail::plan(const RowSubscription& subscription,
                                         const cache::Table& table, const std::string& key) const {
  const auto parsed = query::Query::parse("select=" + key_columns(table) +
                                          filter_query(subscription.filter) + key_conditions(key));
  if (!parsed) return std::nullopt;
  query::PlanOptions options;
  options.text_order = context_.rest.text_order;
  query::set_session(store_->catalog().session(principal_.role), options);
  auto planned = query::plan_read(*parsed, store_->catalog(), table, options);
  auto* plan = std::get_if<query::Plan>(&planned);
  return plan == nullptr ? std::nullopt : std::optional(std::move(*plan));
}

// No longer than such a write may take, however many follow each other.
bool RowTail::rests() {
  const MonotonicTime now = context_.clock.monotonic();
  if (!context_.synchronizer.awaited().any_open(principal_.id)) {
    rests_since_.reset();
    return false;
  }
  if (!rests_since_) rests_since_ = now;
  if (now - *rests_since_ < context_.rest.write_wait) return true;
  rests_since_ = now;
  return false;
}

std::vector<RowChange> RowTail::advance() {
  if (rests()) return {};
  auto store = context_.stores.open(principal_);
  const std::uint64_t commits = store->writer().commits();
  if (store == store_ && commits == commits_ && !more_) return {};
  // What other claims have read is nobody's until it has been read again.
  if (store->claims_unsettled()) return {};
  store_ = std::move(store);
  commits_ = commits;
  std::vector<RowChange> changes;
  cache::ChangeFeed feed(*store_);
  do {
    auto page = feed.page(cursor_, kRowsAtOnce);
    more_ = page && page->more;
    // Made anew meanwhile: nobody can say what changed, and readers read again as they join.
    cursor_ = page ? std::move(page->cursor) : feed.now();
    if (!page) return {};
    for (const cache::FeedChange& change : page->changes) {
      if (!is_served(*change.table) || (change.fresh && !change.row)) continue;
      changes.push_back({change.table,
                         !change.row    ? "DELETE"
                         : change.fresh ? "INSERT"
                                        : "UPDATE",
                         change.key,
                         change.row ? cache::print_kept_row(*change.table, *change.row) : ""});
    }
  } while (more_ && changes.empty());
  return changes;
}

bool RowTail::selects(const RowSubscription& subscription, const RowChange& change) const {
  if (!names(subscription.event, change.type) ||
      !names(subscription.schema, change.table->schema) ||
      !names(subscription.table, change.table->name)) {
    return false;
  }
  if (subscription.filter.empty() || change.record.empty()) return true;
  const auto read = plan(subscription, *change.table, change.key);
  if (!read) return false;
  const auto reader = store_->reader();
  const auto output = query::execute(*reader, *read, query::Form::kArray);
  return output && output->rows > 0;
}

json change_data(const RowChange& change, Timestamp at) {
  json columns = json::array();
  for (const cache::Column& column : change.table->columns) {
    if (column.kept) columns.push_back({{"name", column.name}, {"type", type_name(column.type)}});
  }
  json data = {{"schema", change.table->schema},
               {"table", change.table->name},
               {"type", change.type},
               {"commit_timestamp", format_rfc3339(at)},
               {"columns", std::move(columns)},
               {"errors", nullptr}};
  if (!change.record.empty()) data["record"] = http::parse_json(change.record);
  // What Postgres logs of a row that was: its key.
  if (change.type != std::string_view("INSERT")) data["old_record"] = http::parse_json(change.key);
  return data;
}

}  // namespace holdfast::routes
