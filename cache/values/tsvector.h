#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

// The type tsvector: words of a document with their places.
// Source: postgresql.org/docs/15/datatype-textsearch.html.
namespace holdfast::cache {

inline constexpr std::size_t kLongestLexeme = 2046;  // in bytes
inline constexpr std::size_t kMostPositions = 255;   // of a lexeme
inline constexpr std::uint32_t kLastPosition = 16'383;

struct TsPosition {
  std::uint16_t at = 0;
  std::uint8_t weight = 0;  // 0 = D … 3 = A
};

struct TsLexeme {
  std::string lexeme;
  std::vector<TsPosition> positions;  // in order; none when the vector was stripped of them
};

// Its lexemes in byte order, each once.
using TsVector = std::vector<TsLexeme>;

// As tsvectorin() reads it. Errors: 42601 syntax error in tsvector: "…", 54000; kForwardCode of
// codec.h where blanks depend on the database's locale.
Result<TsVector> parse_tsvector(std::string_view text);
// As tsvectorout() prints it: 'it''s':3A,7 'x'
std::string print_tsvector(const TsVector& vector);

// weights: 0 = D … 3 = A; nullopt for another letter.
std::optional<std::uint8_t> weight_of(char letter);
// As setweight().
TsVector with_weight(TsVector vector, std::uint8_t weight);
// As the operator ||: the places of `right` come behind those of `left`. nullopt where more places
// come than are kept.
std::optional<TsVector> joined(TsVector left, TsVector right);

}  // namespace holdfast::cache
