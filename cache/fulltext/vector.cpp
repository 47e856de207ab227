#include "cache/fulltext/vector.h"

#include <algorithm>
#include <charconv>

namespace holdfast::cache::fulltext {
namespace {

constexpr std::size_t kLongestLexeme = 2046;
constexpr std::uint32_t kLastPosition = 16'383;
constexpr std::size_t kMostPositions = 255;

// "'it''s':3A,7 'x'" as tsvectorout() writes it.
class VectorReader {
 public:
  explicit VectorReader(std::string_view text) : rest_(text) {}

  std::optional<Vector> run() {
    Vector vector;
    while (!rest_.empty()) {
      if (!vector.empty() && !take(' ')) return std::nullopt;
      if (!lexeme(vector.emplace_back()) || !positions(vector.back())) return std::nullopt;
    }
    std::sort(vector.begin(), vector.end(),
              [](const Entry& a, const Entry& b) { return a.lexeme < b.lexeme; });
    return vector;
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool lexeme(Entry& entry) {
    if (!take('\'')) return false;
    while (!rest_.empty()) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '\'' && !take('\'')) return true;
      if (c == '\\' && !take('\\')) return false;
      entry.lexeme += c;
    }
    return false;
  }

  bool positions(Entry& entry) {
    if (!take(':')) return true;
    do {
      Position position;
      const auto [end, error] =
          std::from_chars(rest_.data(), rest_.data() + rest_.size(), position.at);
      if (error != std::errc()) return false;
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      if (take('A')) position.weight = 3;
      if (take('B')) position.weight = 2;
      if (take('C')) position.weight = 1;
      entry.positions.push_back(position);
    } while (take(','));
    return true;
  }

  std::string_view rest_;
};

}  // namespace

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

std::optional<Vector> read_vector(std::string_view text) { return VectorReader(text).run(); }

}  // namespace holdfast::cache::fulltext
