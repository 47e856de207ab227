#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::crypto {

// RFC 4648 section 5, without padding, as JOSE uses it.
std::string base64url_encode(std::string_view bytes);
// Strict: nullopt for padding, foreign characters, impossible lengths and left-over bits, so that
// each byte string has one text.
std::optional<std::string> base64url_decode(std::string_view text);

// RFC 4648 section 4, with padding.
std::string base64_encode(std::string_view bytes);
// As strict, and the padding must be there.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace holdfast::crypto
