#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::crypto {

// Bytes of a key for seal() and open().
inline constexpr std::size_t kSealKeySize = 32;

// Encrypts and authenticates `text` with AES-256-GCM under a fresh nonce. `label` is bound to it:
// what was sealed under one name opens under no other. Throws when `key` has another size.
// Thread-safe.
std::string seal(std::string_view key, std::string_view text, std::string_view label);

// nullopt when `sealed` was not made by seal() with this key and label, or was altered.
std::optional<std::string> open(std::string_view key, std::string_view sealed,
                                std::string_view label);

}  // namespace holdfast::crypto
