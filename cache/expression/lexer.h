#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The words of an expression (internal).
namespace holdfast::cache::expression {

enum class TokenKind : std::uint8_t { kWord, kQuotedName, kNumber, kString, kSymbol, kEnd };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // a word in lower case, quotes undone
};

// Ends with kEnd; nullopt when a quote is not closed.
std::optional<std::vector<Token>> tokens_of(std::string_view text);

// Whether an operator's name begins with it.
bool is_operator_part(char c);

}  // namespace holdfast::cache::expression
