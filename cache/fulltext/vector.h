#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/fulltext/configuration.h"

namespace holdfast::cache::fulltext {

struct Position {
  std::uint16_t at = 0;
  std::uint8_t weight = 0;  // 0 = D … 3 = A
};

struct Entry {
  std::string lexeme;
  std::vector<Position> positions;  // in order; none when the vector was stripped of them
};

// A tsvector: its lexemes in byte order, each once.
using Vector = std::vector<Entry>;

// A lexeme on its way to a vector or query.
struct Word {
  std::string lexeme;
  std::uint32_t position = 0;  // counted from 1, stop words included
};

// Collects the words of one text after another, as to_tsvector() does.
class WordCollector {
 public:
  explicit WordCollector(const Configuration& configuration) : configuration_(configuration) {}

  // False when the text's tokens are not surely known (see parse_words).
  bool add(std::string_view text);
  // The gap behind an element of a JSON document that had words.
  void leave_gap() { ++position_; }
  std::vector<Word>& words() { return words_; }

 private:
  const Configuration& configuration_;
  std::vector<Word> words_;
  std::uint32_t position_ = 0;
};

// nullopt when not surely known, or when positions exceed what Postgres keeps.
std::optional<Vector> vector_of_words(std::vector<Word> words);

// A tsvector in the form that Postgres prints; nullopt for anything else.
std::optional<Vector> read_vector(std::string_view text);

}  // namespace holdfast::cache::fulltext
