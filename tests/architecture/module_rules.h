#pragma once

#include <string>
#include <vector>

#include "tests/architecture/source_tree.h"

namespace holdfast::architecture {

// The module (a folder of the table) that a file belongs to; "" when the table has none for it.
std::string module_of(const std::string& path);

// Every module of the table that holds production code.
std::vector<std::string> modules();

// What is wrong with the includes of one C++ file, a line each ("path:line: reason").
// `headers` are the project's own headers, by path.
std::vector<std::string> include_violations(const SourceFile& file,
                                            const std::vector<std::string>& headers);

}  // namespace holdfast::architecture
