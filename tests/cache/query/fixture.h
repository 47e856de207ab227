#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "cache/catalog/catalog.h"
#include "cache/query/query.h"

namespace holdfast::cache::query {

// A small shop's schema in a database in memory: people (a tree by boss_id), clubs, memberships
// between them, items with every stored type, a view over people, and one row_order table.
class QueryTest : public testing::Test {
 protected:
  QueryTest();

  // What GET /table?query answers: the body, or "code: message", or "forward: reason".
  std::string get(std::string_view table, std::string_view query, Form form = Form::kArray);
  // Also holds that an earlier plan of the same shape, bound anew, would have been the same.
  Planned plan(std::string_view table, std::string_view query);
  Error error(std::string_view table, std::string_view query);
  // EXPLAIN QUERY PLAN of the read, one step a line.
  std::string explain(std::string_view table, std::string_view query);
  const Table& table(std::string_view name) const { return *catalog_.find("public", name); }

  Catalog catalog_;
  Database database_{":memory:", OpenMode::kReadWrite};
  PlanOptions options_;

 private:
  void expect_same_when_bound(std::string_view name, const Query& query, const Planned& planned);

  std::map<std::string, Plan> plans_;  // the first of each shape
};

}  // namespace holdfast::cache::query
