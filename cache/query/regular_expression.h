#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace holdfast::cache::query {

// Ignored, a character of the pattern stands for its lower and its upper case, and the text is
// taken as it is.
enum class Case : std::uint8_t { kExact, kIgnored, kIgnoredInAscii };

// Postgres' advanced regular expressions, as far as they are regular: alternatives, groups, bounds,
// brackets, classes, anchors and word boundaries; not back references, look-around and options.
// Matching takes time proportional to the text.
//
// Immutable after construction.
class RegularExpression {
 public:
  // nullopt for what is not read here, be it an error or not.
  static std::optional<RegularExpression> parse(std::string_view pattern, Case letter_case);

  // Whether the text holds a match. nullopt when a class is asked for a character beyond ASCII,
  // which is a matter of the database's locale.
  std::optional<bool> matches(std::string_view text) const;

 private:
  friend class ExpressionParser;
  friend class ExpressionRun;

  struct Set {
    std::vector<std::pair<char32_t, char32_t>> ranges;
    std::bitset<128> class_members;  // of classes such as \w
    bool has_class = false;
    bool negated = false;

    std::optional<bool> holds(char32_t c) const;
  };

  enum class Action : std::uint8_t {
    kCharacter,  // takes one of set `first`
    kFork,       // goes on at `first` and at `second`
    kStart,
    kEnd,
    kWordStart,
    kWordEnd,
    kWordEdge,
    kNoWordEdge,
    kMatch,
  };

  struct Step {
    Action action = Action::kMatch;
    std::size_t first = 0;
    std::size_t second = 0;
  };

  std::vector<Set> sets_;
  std::vector<Step> steps_;
};

}  // namespace holdfast::cache::query
