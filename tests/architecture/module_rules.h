#pragma once

#include <string>
#include <vector>

#include "tests/architecture/source_tree.h"

namespace holdfast::architecture {

// The module (a folder, or one file, of the table) that a file belongs to; "" when it has none.
std::string module_of(const std::string& path);

// What is wrong with the includes of one C++ file, a line each ("path:line: reason").
// `headers` are the project's own headers, by path.
std::vector<std::string> include_violations(const SourceFile& file,
                                            const std::vector<std::string>& headers);

}  // namespace holdfast::architecture
