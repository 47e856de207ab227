#pragma once

#include <sys/types.h>

#include <string>

namespace holdfast {

// The content of a file; empty when it cannot be read.
std::string read_file(const std::string& path);

// Puts `text` in the place of what the file held, at once: whoever reads sees the one or the other,
// and never more than `mode` lets him. Throws std::system_error.
void write_file(const std::string& path, const std::string& text, mode_t mode);

}  // namespace holdfast
