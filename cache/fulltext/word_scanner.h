#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "cache/fulltext/characters.h"
#include "cache/fulltext/word_parser.h"

namespace holdfast::cache::fulltext {

// Finds one token after another. Each rule reads on from character `at` inside a token of its name
// and finds none when the token is of another kind; what a rule tries first is preferred. Words
// and numbers are in word_scanner.cpp, hosts, files and entities in host_scanner.cpp.
// One thread at a time: parse_words().
class WordScanner {
 public:
  explicit WordScanner(std::string_view text) : text_(text), characters_(characters_of(text)) {}

  std::optional<std::vector<Token>> run();

 private:
  struct Found {
    TokenKind kind;
    std::size_t end;
  };
  using Match = std::optional<Found>;

  static constexpr char32_t kEnd = 0;

  char32_t peek(std::size_t at) const {
    return at < characters_.size() ? characters_[at].point : kEnd;
  }
  std::string_view slice(std::size_t from, std::size_t to) const;
  template <typename Rule>
  Match attempt(Rule rule, std::size_t at) {
    if (!enter()) return std::nullopt;
    ++depth_;
    const Match match = (this->*rule)(at);
    --depth_;
    return match;
  }
  // Counts the work; a text that needs too much is not decided.
  bool enter();
  // Whether the character ends a word; a doubtful one makes the text undecided.
  bool joins(char32_t c);
  void emit(const Found& found, std::size_t from);
  void emit_parts(std::size_t from, std::size_t end);
  void emit_url(std::size_t from, std::size_t end);
  Found token(std::size_t at);
  void markup(std::size_t at);
  Found space(std::size_t at);
  Found ascii_word(std::size_t at);
  Found word(std::size_t at);
  Found num_word(std::size_t at);
  Found unsigned_number(std::size_t at);
  Match signed_first(std::size_t at);
  Found unsigned_decimal(std::size_t at);
  Found version(std::size_t at);
  Match exponent(std::size_t at);
  Match entity_first(std::size_t at);
  Match numbered_entity(std::size_t at);
  Match entity_end(std::size_t at) const;
  Match protocol(std::size_t at) const;
  // Words joined by dashes; a part of digits alone is none.
  Match ascii_compound_first(std::size_t at);
  Match ascii_compound(std::size_t at);
  Match compound_first(std::size_t at);
  Match compound(std::size_t at);
  Match num_compound_first(std::size_t at);
  Match num_compound_of_digits(std::size_t at);
  Match num_compound(std::size_t at);
  Match host_first(std::size_t at);
  Match host(std::size_t at);
  Match host_goes_on(std::size_t at);
  // Behind a dot: two letters at least make a domain.
  Match domain_first(std::size_t at);
  Match domain(std::size_t at);
  Match port(std::size_t at);
  Match host_end(std::size_t at);
  static bool is_url_character(char32_t c);
  Match email(std::size_t at);
  Match file_first(std::size_t at);
  Match file_of_home(std::size_t at);
  Match path_first(std::size_t at);
  Match path_begin(std::size_t at);
  Match file(std::size_t at);
  static bool in_file(char32_t c) { return is_ascii_letter(c) || is_digit(c) || c == '_'; }
  Match file_next(std::size_t at) { return in_file(peek(at)) ? file(at + 1) : std::nullopt; }

  std::string_view text_;
  std::vector<Character> characters_;
  std::vector<Token> tokens_;
  std::size_t steps_ = 0;
  int depth_ = 0;
  bool want_host_ = false;  // an e-mail's or URL's host is looked for: it ends where it can
  bool unsure_ = false;
};

}  // namespace holdfast::cache::fulltext
