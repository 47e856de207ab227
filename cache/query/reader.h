#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace holdfast::cache::query {

// Reads one text for the grammar and keeps the error that PostgREST's parser would report: the
// furthest place, what stood there, and what was expected.
//
// A rule is a function that returns false when it does not apply. A rule that failed after moving
// on has failed for good, unless attempt() takes it back; a caller may try another alternative only
// while position() stands where the rule began.
// With Errors::kForgotten nothing of that is kept, which is several times faster: for a first try,
// since nearly every request is well-formed. Rules read the same either way.
// Immutable text, which must outlive the Reader. One thread at a time: whoever parses.
class Reader {
 public:
  enum class Errors : std::uint8_t { kKept, kForgotten };

  explicit Reader(std::string_view text, Errors errors = Errors::kKept)
      : text_(text), keeps_errors_(errors == Errors::kKept) {}

  std::size_t position() const { return position_; }
  bool at_end() const { return position_ == text_.size(); }
  std::string_view since(std::size_t start) const { return text_.substr(start, position_ - start); }

  // One character (code point) that satisfies `accept`; no expectation is noted.
  template <typename Accept>
  bool any_of(Accept accept) {
    const auto [point, size] = peek();
    if (size == 0 || !accept(point)) return unexpected_here();
    advance(size);
    return true;
  }
  // One ASCII character, or a fixed ASCII text; noted as expected in quotes.
  bool character(char wanted);
  bool text(std::string_view wanted);
  bool text_ignoring_case(std::string_view wanted);
  bool end();
  void blanks();  // spaces and tabs

  // Runs `rule`; when it fails, the place is as before it.
  template <typename Rule>
  bool attempt(Rule rule) {
    const std::size_t start = position_;
    if (!keeps_errors_) {
      if (rule()) return true;
      position_ = start;
      return false;
    }
    Trouble before = trouble_;
    if (rule()) return true;
    if (position_ != start) {
      before.merge(trouble_);
      trouble_ = before;
      position_ = start;
    }
    return false;
  }
  // Whether `rule` applies here, without moving on.
  template <typename Rule>
  bool ahead(Rule rule) {
    const std::size_t start = position_;
    if (!keeps_errors_) {
      const bool applies = rule();
      position_ = start;
      return applies;
    }
    Trouble before = trouble_;
    const bool applies = rule();
    if (applies || position_ != start) {
      if (!applies) before.merge(trouble_);
      trouble_ = before;
    }
    position_ = start;
    return applies;
  }
  // Succeeds where no character satisfies `accept`, without moving on.
  template <typename Accept>
  bool not_ahead(Accept accept) {
    const auto [point, size] = peek();
    if (size == 0 || !accept(point)) return unexpected_here(), true;
    return unexpected_token(point, position_ + size);
  }
  bool not_ahead(char unwanted);
  // Runs `rule`; when it fails at once, or succeeds without moving, `name` was expected.
  template <typename Rule>
  bool named(const char* name, Rule rule) {
    if (!keeps_errors_) return rule();
    const std::size_t start = position_;
    Trouble before = trouble_;
    forget_trouble();
    const bool applies = rule();
    if (position_ != start) return applies;
    if (!applies || trouble_.known) {
      trouble_.expected_count = 0;
      trouble_.expect({.text = name, .character = 0, .quoted = false});
    }
    before.merge(trouble_);
    trouble_ = before;
    return applies;
  }
  // Notes that the rule failed here although the characters were right.
  bool refuse();
  // Behind an element of a list that is not its first: nothing that could have followed inside it
  // is expected any more.
  void forget_expected() { forget_trouble(); }

  // Limits nesting; false (with overflow() set) beyond kMaxDepth.
  bool enter();
  void leave() { --depth_; }
  bool too_deep() const { return too_deep_; }

  // PGRST100 with the position and words of the furthest trouble. `subject` is for example
  // "failed to parse order (id.up)".
  Error error(std::string_view subject) const;

  static constexpr int kMaxDepth = 100;

 private:
  struct Expectation {
    std::string_view text;  // lives as long as the program
    char character = 0;     // instead of a text
    bool quoted = false;

    std::string_view shown() const {
      return character == 0 ? text : std::string_view(&character, 1);
    }
    // As they read.
    friend bool operator==(const Expectation& a, const Expectation& b) {
      return a.quoted == b.quoted && a.shown() == b.shown();
    }
  };
  // Held by value and without allocation: one is made for every character that is read.
  struct Trouble {
    static constexpr std::size_t kMaxExpected = 16;  // more than any place of the grammar has

    std::size_t at = 0;
    bool known = false;
    char32_t found = kNothing;  // or kEndOfInput
    char32_t token = kNothing;  // refused by a rule; wins over found
    std::size_t expected_count = 0;
    std::array<Expectation, kMaxExpected> expected;

    void merge(const Trouble& other);
    void expect(const Expectation& expectation);
    std::string expected_words() const;
    std::string found_words() const;
  };
  static constexpr char32_t kNothing = 0xFFFFFFFF;
  static constexpr char32_t kEndOfInput = 0xFFFFFFFE;
  struct Peeked {
    char32_t point;
    std::size_t size;  // 0 at the end
  };

  Peeked peek() const;
  void advance(std::size_t size);
  void forget_trouble() {
    trouble_.at = position_;
    trouble_.known = false;
    trouble_.expected_count = 0;
  }
  void note(std::size_t at, char32_t found, char32_t token);
  bool unexpected_here();
  bool unexpected_here(const Expectation& expectation);
  bool unexpected_token(char32_t point, std::size_t at);

  std::string_view text_;
  bool keeps_errors_;
  std::size_t position_ = 0;
  Trouble trouble_;
  int depth_ = 0;
  bool too_deep_ = false;
};

}  // namespace holdfast::cache::query
