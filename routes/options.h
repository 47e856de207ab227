#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cache/query/query.h"

namespace holdfast::routes {

struct RestOptions {
  // Most rows of one answer; 0 = no limit. Supabase's own default is 1000.
  std::int64_t max_rows = 1000;
  // Whether select may use count(), sum(), avg(), min() and max().
  bool aggregates = false;
  // What is done with order and ranges on text whose collation is not reproduced exactly here.
  cache::query::TextOrder text_order = cache::query::TextOrder::kExact;
  // Exposed schemas; the first one is the default.
  std::vector<std::string> schemas = {"public"};
};

}  // namespace holdfast::routes
