#include "routes/parity.h"
#include "gateway/http/json.h"

#include <nlohmann/json.hpp>

namespace holdfast::routes {
namespace {

using json = nlohmann::json;
using cache::RowDifference;

const char* name_of(RowDifference::Kind kind) {
  switch (kind) {
    case RowDifference::Kind::kMissingHere:
      return "missing here";
    case RowDifference::Kind::kMissingUpstream:
      return "missing upstream";
    case RowDifference::Kind::kOther:
      return "other values";
  }
  return "";
}

json print(const cache::TableParity& table) {
  json differences = json::array();
  for (const auto& difference : table.differences) {
    differences.push_back({{"key", difference.key},
                           {"what", name_of(difference.kind)},
                           {"columns", difference.columns}});
  }
  return {{"table", table.table},
          {"equal", table.equal()},
          {"compared", !table.not_compared},
          {"reason", table.failure        ? json(table.failure->reason)
                     : table.not_compared ? json(*table.not_compared)
                                          : json(nullptr)},
          {"append_only", table.append_only},
          {"rows", table.rows},
          {"differences", std::move(differences)},
          {"more", table.more}};
}

}  // namespace

std::string parity_json(const queue::Synchronizer::Replicas& replicas) {
  bool all_equal = true;
  json principals = json::array();
  for (const auto& [principal, tables] : replicas) {
    bool equal = tables.has_value();
    json printed = json::array();
    for (const auto& table : tables.value_or(std::vector<cache::TableParity>{})) {
      equal = equal && table.equal();
      printed.push_back(print(table));
    }
    all_equal = all_equal && equal;
    principals.push_back(
        {{"principal", principal},
         {"equal", equal},
         {"reason",
          tables ? json(nullptr) : json("the upstream cannot be asked for this principal now")},
         {"tables", std::move(printed)}});
  }
  return http::print_json({{"equal", all_equal}, {"principals", std::move(principals)}});
}

std::string parity_progress_json(const ProgressCount::State& progress) {
  return json{{"rows_done", progress.done}, {"rows", progress.total}}.dump();
}

}  // namespace holdfast::routes
