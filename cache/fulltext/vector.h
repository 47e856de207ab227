#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/fulltext/configuration.h"
#include "cache/values/tsvector.h"

namespace holdfast::cache::fulltext {

using Position = TsPosition;
using Entry = TsLexeme;
using Vector = TsVector;

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

// A stored tsvector; nullopt for what cannot be read.
std::optional<Vector> read_vector(std::string_view text);

}  // namespace holdfast::cache::fulltext
