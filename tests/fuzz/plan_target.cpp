// Any target against a fixed catalog: planned, held against the words that a plan may consist of,
// run on a replica with rows, and its answer read as JSON.

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "cache/query/query.h"
#include "gateway/http/uri.h"
#include "tests/fuzz/targets.h"
#include "tests/oracle/bundle_replica.h"

namespace holdfast::fuzz {
namespace {

using cache::query::Form;
using cache::query::Plan;
using cache::query::PlanOptions;
using tests::BundleReplica;

BundleReplica& replica() {
  static const auto loaded = tests::load_bundle(HF_FUZZ_CATALOG);
  return *loaded;
}

std::set<std::string, std::less<>> catalog_names() {
  std::set<std::string, std::less<>> names;
  for (const auto& table : replica().catalog.tables()) {
    names.insert(table.storage_name);
    for (const auto& column : table.columns) names.insert(column.storage_name);
  }
  return names;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// SQL's own words are in capitals; those in small letters are functions, aliases with a number,
// and the columns of SQLite's own tables.
bool is_planner_word(std::string_view word) {
  static const std::set<std::string, std::less<>> kSmall = {"rowid",     "value", "key",   "given",
                                                            "json_each", "count", "min",   "max",
                                                            "s",         "sum",   "total", "abs"};
  if (word.starts_with("hf_") || kSmall.contains(word)) return true;
  const auto digits = word.find_first_of("0123456789");
  if (digits != std::string_view::npos) {
    const auto tail = word.substr(digits);
    return digits <= 2 &&
           std::all_of(tail.begin(), tail.end(), [](char c) { return c >= '0' && c <= '9'; });
  }
  return std::all_of(word.begin(), word.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
}

std::string quoted_at(std::string_view sql, std::size_t& at) {
  std::string name;
  for (++at; at < sql.size(); ++at) {
    if (sql[at] != '"') {
      name += sql[at];
    } else if (at + 1 < sql.size() && sql[at + 1] == '"') {
      name += sql[at++];
    } else {
      ++at;
      return name;
    }
  }
  throw Violation("a quoted name ends: " + std::string(sql));
}

void check_sql(const std::string& sql) {
  static const auto kNames = catalog_names();
  for (std::size_t at = 0; at < sql.size();) {
    if (sql[at] == '"') {
      const std::string name = quoted_at(sql, at);
      require(kNames.contains(name), "a name in SQL is one of the catalog's", name + " in " + sql);
    } else if (is_word(sql[at])) {
      const std::size_t start = at;
      while (at < sql.size() && is_word(sql[at])) ++at;
      const auto word = std::string_view(sql).substr(start, at - start);
      require(is_planner_word(word), "a bare word in SQL is the planner's",
              std::string(word) + " in " + sql);
    } else {
      require(std::string_view(" ().,=<>+-*?|").find(sql[at]) != std::string_view::npos,
              "SQL has no text literals", sql);
      ++at;
    }
  }
}

template <typename Outcome>
bool succeeded(const Outcome& outcome) {
  if (!outcome) require_well_formed(outcome.error());
  return outcome.has_value();
}

void run_read(const Plan& plan) {
  for (const Form form : {Form::kArray, Form::kObject, Form::kCsv}) {
    cache::query::shows_new_rows(replica().database, plan);
    const auto output = cache::query::execute(replica().database, plan, form, form != Form::kArray);
    if (!succeeded(output) || form == Form::kCsv) continue;
    require(nlohmann::json::accept(output->body), "an answer is JSON", output->body);
  }
}

const Plan* usable(const cache::query::Planned& planned) {
  if (const auto* error = std::get_if<Error>(&planned)) require_well_formed(*error);
  if (const auto* forward = std::get_if<cache::query::Forward>(&planned)) {
    require(!forward->reason.empty(), "forwarding has a reason");
  }
  const auto* plan = std::get_if<Plan>(&planned);
  if (plan != nullptr) {
    check_sql(plan->sql);
    check_sql(plan->count_sql);
    check_sql(plan->new_rows_sql);
  }
  return plan;
}

const cache::Table& table_of(std::string_view path) {
  const auto& catalog = replica().catalog;
  const auto* table = catalog.find("test", http::percent_decode(path));
  return table != nullptr && table->exposed ? *table : *catalog.find("test", "items");
}

}  // namespace

void run_plan(std::string_view input) {
  const auto mark = std::min(input.find('?'), input.size());
  const auto query = cache::query::Query::parse(input.substr(std::min(mark + 1, input.size())));
  if (!succeeded(query)) return;
  const auto& table = table_of(input.substr(0, mark));
  const auto& catalog = replica().catalog;
  PlanOptions options;
  options.aggregates = true;
  options.count = input.size() % 2 == 0;
  options.max_rows = 20;
  options.new_rows_last = input.size() % 3 == 0;
  if (input.size() % 5 == 0) options.timezone = "Asia/Kathmandu";
  if (input.size() % 7 == 0) options.range = {1, std::numeric_limits<std::int64_t>::max()};
  const auto read = plan_read(*query, catalog, table, options);
  if (const auto* plan = usable(read)) run_read(*plan);
  const auto targets = plan_targets(*query, catalog, table, options);
  if (const auto* plan = usable(targets)) succeeded(execute_targets(replica().database, *plan));
  const auto representation = plan_representation(*query, catalog, table, options);
  if (const auto* plan = usable(representation)) {
    succeeded(execute(replica().database, *plan, Form::kArray, false, {1, 2}));
  }
}

}  // namespace holdfast::fuzz
