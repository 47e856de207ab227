#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cli {

// The text of companion/holdfast.sql, built in.
std::string_view companion_sql();

// The same for an API that serves `schemas`, the default one first: there its functions are.
std::string companion_sql_for(const std::vector<std::string>& schemas);

}  // namespace holdfast::cli
