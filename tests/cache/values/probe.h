#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/cache/values/samples.h"
#include "tests/support/postgres.h"

namespace holdfast::test {

// What PostgreSQL makes of one JSON token put into a column of a type.
struct Probed {
  std::optional<std::string> code;  // SQLSTATE; the rest of the error follows
  std::string message;
  std::string detail;
  std::string hint;
  std::string json;  // to_json() of the value
  std::string text;  // its cast to text; "" for NULL
  int rank = 0;  // dense rank under ORDER BY, 0 where the type has no order or there is an error
};

// One answer per token of every sample, in their order; one session for all.
std::vector<std::vector<Probed>> probe(const PostgresCluster& postgres,
                                       const std::vector<Sample>& samples);

}  // namespace holdfast::test
