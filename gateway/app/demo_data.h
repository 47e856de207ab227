#pragma once

#include <string_view>

namespace holdfast::app {

// The demo's schema, in the form of catalog.sql.
extern const std::string_view kDemoCatalog;

// Its rows: a JSON array of rows for each table, parents first.
struct DemoTable {
  std::string_view name;
  std::string_view rows;
};
extern const DemoTable kDemoTables[2];

}  // namespace holdfast::app
