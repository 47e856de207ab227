#pragma once

#include <cstddef>
#include <string>

namespace holdfast::crypto {

// `count` bytes that nobody can foretell, for keys and tokens.
// Throws when the generator has no entropy. Thread-safe.
std::string random_bytes(std::size_t count);

}  // namespace holdfast::crypto
