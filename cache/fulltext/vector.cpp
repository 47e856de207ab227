#include "cache/fulltext/vector.h"

#include <algorithm>

namespace holdfast::cache::fulltext {
bool WordCollector::add(std::string_view text) {
  const auto tokens = parse_words(text);
  if (!tokens) return false;
  for (const auto& token : *tokens) {
    if (token.text.size() > kLongestLexeme) continue;
    ++position_;
    std::string lexeme = configuration_.lexeme(token);
    if (!lexeme.empty()) words_.push_back({std::move(lexeme), position_});
  }
  return true;
}

std::optional<Vector> vector_of_words(std::vector<Word> words) {
  std::stable_sort(words.begin(), words.end(),
                   [](const Word& a, const Word& b) { return a.lexeme < b.lexeme; });
  Vector vector;
  for (auto& word : words) {
    if (word.position > kLastPosition) return std::nullopt;
    if (vector.empty() || vector.back().lexeme != word.lexeme) {
      vector.push_back({std::move(word.lexeme), {}});
    }
    auto& positions = vector.back().positions;
    if (positions.size() < kMostPositions) {
      positions.push_back({static_cast<std::uint16_t>(word.position), 0});
    }
  }
  return vector;
}

std::optional<Vector> read_vector(std::string_view text) {
  auto vector = parse_tsvector(text);
  return vector ? std::optional(*std::move(vector)) : std::nullopt;
}

}  // namespace holdfast::cache::fulltext
