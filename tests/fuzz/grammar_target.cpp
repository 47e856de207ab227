#include "cache/query/row_window.h"
#include "tests/fuzz/targets.h"

namespace holdfast::fuzz {
namespace {

// Of any limit and offset come rows that there can be.
void check_window(const cache::query::Query& query, std::int64_t max_rows) {
  cache::query::PlanOptions options;
  options.max_rows = max_rows;
  const auto window = cache::query::row_window(query, options);
  if (!window) return require_well_formed(window.error());
  require(window->offset >= 0, "no row stands before the first");
  require(window->limit.value_or(0) >= 0, "rows are not fewer than none");
  require(max_rows == 0 || window->limit <= max_rows, "rows are no more than allowed");
}

}  // namespace

void run_grammar(std::string_view input) {
  const auto query = cache::query::Query::parse(input);
  if (query) {
    check_window(*query, 0);
    check_window(*query, 1000);
    return;
  }
  require(query.error().code == "PGRST100", "an error of the grammar is PGRST100",
          query.error().code);
  require(query.error().details.has_value(), "it says where", query.error().message);
  require_well_formed(query.error());
}

}  // namespace holdfast::fuzz
