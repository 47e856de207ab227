#pragma once

#include <chrono>
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
  // How long an app waits for the upstream's own answer to a write before it is answered that the
  // write is queued; 0 = not at all.
  std::chrono::milliseconds write_wait{2'000};
  // Functions whose calls are queued as writes are: "name" of the first schema, or "schema.name".
  // Calls of others are forwarded, and answered 504 offline.
  std::vector<std::string> queued_functions = {};
  // Requests of one web origin for one principal in a second, on average; twice as many may come at
  // once. More are answered 429. 0 = no limit. Requests that name no origin have none.
  int origin_rate = 1'000;
  // Writes of one principal that may wait for delivery; one more is answered 507. 0 = no limit.
  std::int64_t queue_limit = 100'000;
  // Exposed schemas; the first one is the default.
  std::vector<std::string> schemas = {"public"};
};

}  // namespace holdfast::routes
