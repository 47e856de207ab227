#pragma once

#include <string>
#include <vector>

namespace holdfast::test {

// A column's type and what its rows and filters take their values from.
struct OperationCase {
  std::string type;                 // as CREATE TABLE takes it, COLLATE included
  std::vector<std::string> tokens;  // JSON; those that Postgres refuses make no row
};

// What the types of cases() need: enums, domains, extensions, collations.
extern const char* const kOperationTypes;

// Every type of the value table, and those beside it that apps use. The same in every run.
std::vector<OperationCase> operation_cases();

}  // namespace holdfast::test
