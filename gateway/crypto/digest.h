#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view data);
Sha256 hmac_sha256(std::string_view key, std::string_view message);

// Lower-case hexadecimal digits.
std::string to_hex(std::span<const std::uint8_t> bytes);
std::string sha256_hex(std::string_view data);

// Whether both are the same, in a time that does not tell where they differ (their lengths show).
bool constant_time_equal(std::string_view a, std::string_view b);
bool constant_time_equal(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

}  // namespace holdfast::crypto
