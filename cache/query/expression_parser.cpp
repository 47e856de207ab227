// Reading an expression: recursive descent straight into steps.

#include <algorithm>
#include <cctype>

#include "cache/fulltext/characters.h"
#include "cache/query/regular_expression.h"
#include "cache/values/letter_case.h"

namespace holdfast::cache::query {
namespace {

constexpr std::size_t kMaxSteps = 5000;
constexpr int kMaxDepth = 100;
constexpr int kMaxRepeat = 255;
constexpr int kUnbounded = -1;

struct NamedClass {
  std::string_view name;
  int (*test)(int);
};

constexpr NamedClass kClasses[] = {
    {"alnum", std::isalnum}, {"alpha", std::isalpha}, {"blank", std::isblank},
    {"cntrl", std::iscntrl}, {"digit", std::isdigit}, {"graph", std::isgraph},
    {"lower", std::islower}, {"print", std::isprint}, {"punct", std::ispunct},
    {"space", std::isspace}, {"upper", std::isupper}, {"xdigit", std::isxdigit}};

char32_t other_case(char32_t c) {
  if (c >= 'a' && c <= 'z') return c - 'a' + 'A';
  if (c >= 'A' && c <= 'Z') return c - 'A' + 'a';
  return c;
}

}  // namespace

class ExpressionParser {
 public:
  using Action = RegularExpression::Action;
  using Set = RegularExpression::Set;
  using Step = RegularExpression::Step;

  ExpressionParser(std::string_view pattern, Case letter_case)
      : pattern_(fulltext::characters_of(pattern)), letter_case_(letter_case) {}

  std::optional<RegularExpression> run() {
    if (!alternatives() || at_ < pattern_.size()) return std::nullopt;
    add({Action::kMatch, 0, 0});
    if (expression_.steps_.size() > kMaxSteps) return std::nullopt;
    return std::move(expression_);
  }

 private:
  char32_t peek(std::size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead].point : U'\0';
  }

  bool take(char32_t c) {
    if (peek() != c || at_ >= pattern_.size()) return false;
    ++at_;
    return true;
  }

  std::vector<Step>& steps() { return expression_.steps_; }

  std::size_t add(Step step) {
    steps().push_back(step);
    return steps().size() - 1;
  }

  // Puts a fork before the steps from `at` on; whoever led there leads to the fork.
  void insert_fork(std::size_t at) {
    steps().insert(steps().begin() + static_cast<std::ptrdiff_t>(at),
                   Step{Action::kFork, at + 1, 0});
    for (std::size_t i = at + 1; i < steps().size(); ++i) {
      Step& moved = steps()[i];
      if (moved.action != Action::kFork) continue;
      if (moved.first >= at) ++moved.first;
      if (moved.second >= at) ++moved.second;
    }
  }

  // fork(left, right) left jump(end) right
  bool alternatives() {
    if (++depth_ > kMaxDepth) return false;
    const std::size_t start = steps().size();
    if (!sequence()) return false;
    if (take('|')) {
      insert_fork(start);
      const std::size_t jump = add({Action::kFork, 0, 0});
      steps()[start].second = steps().size();
      if (!alternatives()) return false;
      steps()[jump] = {Action::kFork, steps().size(), steps().size()};
    }
    --depth_;
    return true;
  }

  bool sequence() {
    while (at_ < pattern_.size() && peek() != '|' && peek() != ')') {
      const std::size_t start = steps().size();
      bool repeatable = true;
      if (!atom(repeatable) || !repetition(start, repeatable)) return false;
      if (steps().size() > kMaxSteps) return false;
    }
    return true;
  }

  bool atom(bool& repeatable) {
    const char32_t c = peek();
    if (c == '(') return group();
    if (c == '[') return bracket();
    if (c == '\\') return escape(repeatable);
    if (c == '*' || c == '+' || c == '?' || c == ']' || c == '}') return false;
    if (c == '{' && fulltext::is_digit(peek(1))) return false;
    ++at_;
    if (c == '^' || c == '$') {
      repeatable = false;
      add({c == '^' ? Action::kStart : Action::kEnd, 0, 0});
      return true;
    }
    if (c == '.') return add_set({{{0, 0x10FFFF}}, {}, false, false});
    return literal(c);
  }

  bool group() {
    ++at_;
    if (take('?') && !take(':')) return false;
    return alternatives() && take(')');
  }

  bool add_set(Set set) {
    expression_.sets_.push_back(std::move(set));
    add({Action::kCharacter, expression_.sets_.size() - 1, 0});
    return true;
  }

  bool literal(char32_t c) {
    Set set;
    return add_character(c, set) && add_set(std::move(set));
  }

  // allcases() of Postgres' regc_locale.c.
  bool add_character(char32_t c, Set& set) const {
    if (letter_case_ == Case::kExact || (letter_case_ == Case::kIgnoredInAscii && c >= 128)) {
      set.ranges.emplace_back(c, c);
      return true;
    }
    set.ranges.emplace_back(lower_case(c), lower_case(c));
    set.ranges.emplace_back(upper_case(c), upper_case(c));
    return true;
  }

  bool escape(bool& repeatable) {
    ++at_;
    if (at_ >= pattern_.size()) return false;
    const char32_t c = peek();
    ++at_;
    static constexpr std::pair<char32_t, Action> kConstraints[] = {
        {'A', Action::kStart},   {'Z', Action::kEnd},      {'m', Action::kWordStart},
        {'M', Action::kWordEnd}, {'y', Action::kWordEdge}, {'Y', Action::kNoWordEdge}};
    for (const auto& [letter, action] : kConstraints) {
      if (c != letter) continue;
      repeatable = false;
      add({action, 0, 0});
      return true;
    }
    Set set;
    if (!add_escape(c, set)) return false;
    return add_set(std::move(set));
  }

  // A class escape (\d), a control character (\n) or a quoted mark (\.).
  bool add_escape(char32_t c, Set& set) const {
    const bool negated = c == 'D' || c == 'W' || c == 'S';
    switch (negated ? c | 0x20 : c) {
      case 'd':
        add_class("digit", set);
        break;
      case 's':
        add_class("space", set);
        break;
      case 'w':
        add_class("alnum", set);
        set.class_members.set('_');
        break;
      default:
        return add_quoted(c, set);
    }
    if (negated && (set.negated || !set.ranges.empty())) return false;
    set.negated = negated;
    return true;
  }

  bool add_quoted(char32_t c, Set& set) const {
    static constexpr std::pair<char32_t, char32_t> kControls[] = {
        {'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'f', '\f'}, {'v', '\v'}};
    for (const auto& [letter, control] : kControls) {
      if (c == letter) return add_character(control, set);
    }
    if (c >= 128 || fulltext::is_ascii_letter(c) || fulltext::is_digit(c)) return false;
    return add_character(c, set);
  }

  bool add_class(std::string_view name, Set& set) const {
    const bool any_case = letter_case_ != Case::kExact;
    if (any_case && (name == "upper" || name == "lower")) name = "alpha";
    const auto* const found =
        std::find_if(std::begin(kClasses), std::end(kClasses),
                     [&](const NamedClass& each) { return each.name == name; });
    if (found == std::end(kClasses)) return false;
    for (int c = 0; c < 128; ++c) {
      if (found->test(c) != 0) set.class_members.set(static_cast<std::size_t>(c));
    }
    return set.has_class = true;
  }

  bool bracket() {
    ++at_;
    Set set;
    const bool negated = take('^');
    for (bool first = true; first || peek() != ']'; first = false) {
      if (at_ >= pattern_.size() || !bracket_element(first, set)) return false;
    }
    ++at_;
    set.negated = negated;
    return add_set(std::move(set));
  }

  // A dash stands for itself at either end alone.
  bool bracket_element(bool first, Set& set) {
    if (peek() == '-' && !first && peek(1) != ']') return false;
    if (peek() == '[') {
      if (peek(1) == '.' || peek(1) == '=') return false;
      if (peek(1) == ':') return bracket_class(set);
    }
    if (peek() == '\\') {
      at_ += 2;
      if (at_ > pattern_.size() || peek() == '-') return false;
      const char32_t c = pattern_[at_ - 1].point;
      const bool negated = c == 'D' || c == 'W' || c == 'S';
      return !negated && add_escape(c, set);
    }
    const char32_t low = peek();
    ++at_;
    if (peek() != '-' || peek(1) == ']') return add_character(low, set);
    const char32_t high = peek(1);
    if (low == '-' || high == '[' || high == '\\' || high == '-' || high < low) return false;
    at_ += 2;
    return add_range(low, high, set);
  }

  bool add_range(char32_t low, char32_t high, Set& set) const {
    set.ranges.emplace_back(low, high);
    if (letter_case_ == Case::kExact) return true;
    if (high >= 128) return false;
    for (char32_t c = low; c <= high; ++c) set.ranges.emplace_back(other_case(c), other_case(c));
    return true;
  }

  bool bracket_class(Set& set) {
    at_ += 2;
    std::string name;
    while (fulltext::is_ascii_letter(peek())) {
      name += static_cast<char>(peek());
      ++at_;
    }
    return take(':') && take(']') && add_class(name, set);
  }

  bool number(int& out) {
    if (!fulltext::is_digit(peek())) return false;
    out = 0;
    while (fulltext::is_digit(peek())) {
      out = out * 10 + static_cast<int>(peek() - '0');
      ++at_;
      if (out > kMaxRepeat) return false;
    }
    return true;
  }

  bool bounds(int& least, int& most) {
    ++at_;
    if (!number(least)) return false;
    most = least;
    if (take(',')) {
      most = kUnbounded;
      if (peek() != '}' && !number(most)) return false;
    }
    return take('}') && (most == kUnbounded || most >= least);
  }

  bool repetition(std::size_t start, bool repeatable) {
    int least = 0;
    int most = kUnbounded;
    const char32_t c = peek();
    if (at_ >= pattern_.size()) return true;
    if (c == '{' && fulltext::is_digit(peek(1))) {
      if (!bounds(least, most)) return false;
    } else if (c == '*' || c == '+' || c == '?') {
      ++at_;
      least = c == '+' ? 1 : 0;
      most = c == '?' ? 1 : kUnbounded;
    } else {
      return true;
    }
    if (!repeatable) return false;
    take('?');  // which match is preferred does not matter
    const char32_t next = peek();
    const bool again =
        next == '*' || next == '+' || next == '?' || (next == '{' && fulltext::is_digit(peek(1)));
    return !(again && at_ < pattern_.size()) && repeat(start, least, most);
  }

  // Writes the steps from `start` on again, as often as wanted.
  bool repeat(std::size_t start, int least, int most) {
    const std::vector<Step> piece(steps().begin() + static_cast<std::ptrdiff_t>(start),
                                  steps().end());
    steps().resize(start);
    const auto copies = static_cast<std::size_t>(std::max(least, most)) + 1;
    if ((piece.size() + 2) * copies > kMaxSteps) return false;
    for (int i = 0; i < least; ++i) append(piece, start);
    if (most == kUnbounded) {
      const std::size_t fork = add({Action::kFork, 0, 0});
      append(piece, start);
      add({Action::kFork, fork, fork});
      steps()[fork] = {Action::kFork, fork + 1, steps().size()};
      return true;
    }
    for (int i = least; i < most; ++i) {
      const std::size_t fork = add({Action::kFork, 0, 0});
      append(piece, start);
      steps()[fork] = {Action::kFork, fork + 1, steps().size()};
    }
    return true;
  }

  // `piece` stood at `origin`.
  void append(const std::vector<Step>& piece, std::size_t origin) {
    const std::size_t shift = steps().size() - origin;
    for (Step step : piece) {
      if (step.action == Action::kFork) {
        step.first += shift;
        step.second += shift;
      }
      add(step);
    }
  }

  std::vector<fulltext::Character> pattern_;
  Case letter_case_;
  RegularExpression expression_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

std::optional<RegularExpression> RegularExpression::parse(std::string_view pattern,
                                                          Case letter_case) {
  if (pattern.starts_with("***")) return std::nullopt;
  return ExpressionParser(pattern, letter_case).run();
}

}  // namespace holdfast::cache::query
