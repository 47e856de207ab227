// Running an expression: all its threads at once, character by character.

#include "cache/query/regular_expression.h"

#include <algorithm>

#include "cache/fulltext/characters.h"

namespace holdfast::cache::query {

std::optional<bool> RegularExpression::Set::holds(char32_t c) const {
  const bool in_range = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return c >= range.first && c <= range.second;
  });
  if (in_range) return !negated;
  if (!has_class) return negated;
  if (c >= 128) return std::nullopt;
  return class_members[c] != negated;
}

class ExpressionRun {
 public:
  using Action = RegularExpression::Action;

  ExpressionRun(const RegularExpression& expression, std::string_view text)
      : expression_(expression),
        text_(fulltext::characters_of(text)),
        seen_(expression.steps_.size(), 0) {}

  std::optional<bool> run() {
    std::vector<std::size_t> threads;
    for (at_ = 0;; ++at_) {
      ++round_;
      std::vector<std::size_t> waiting;
      for (const std::size_t step : threads) follow(step, waiting);
      follow(0, waiting);  // a match may begin at every character
      if (found_ && !unsure_) return true;
      if (unsure_) return std::nullopt;
      if (at_ == text_.size()) return false;
      threads = taken(waiting);
      if (unsure_) return std::nullopt;
    }
  }

 private:
  // The threads that take the character at hand.
  std::vector<std::size_t> taken(const std::vector<std::size_t>& waiting) {
    std::vector<std::size_t> threads;
    for (const std::size_t step : waiting) {
      const auto& set = expression_.sets_[expression_.steps_[step].first];
      const auto holds = set.holds(text_[at_].point);
      if (!holds) unsure_ = true;
      if (holds.value_or(false)) threads.push_back(step + 1);
    }
    return threads;
  }

  // From `step` on to every step that takes a character.
  void follow(std::size_t step, std::vector<std::size_t>& waiting) {
    std::vector<std::size_t> open = {step};
    while (!open.empty()) {
      const std::size_t next = open.back();
      open.pop_back();
      if (seen_[next] == round_) continue;
      seen_[next] = round_;
      if (++work_ > kMostWork) unsure_ = true;
      const auto& [action, first, second] = expression_.steps_[next];
      switch (action) {
        case Action::kCharacter:
          waiting.push_back(next);
          break;
        case Action::kFork:
          open.push_back(second);
          open.push_back(first);
          break;
        case Action::kMatch:
          found_ = true;
          break;
        default:
          if (stands(action)) open.push_back(next + 1);
          break;
      }
    }
  }

  bool stands(Action action) {
    if (action == Action::kStart) return at_ == 0;
    if (action == Action::kEnd) return at_ == text_.size();
    const bool before = at_ > 0 && in_word(text_[at_ - 1].point);
    const bool behind = at_ < text_.size() && in_word(text_[at_].point);
    if (action == Action::kWordStart) return !before && behind;
    if (action == Action::kWordEnd) return before && !behind;
    return (before != behind) == (action == Action::kWordEdge);
  }

  bool in_word(char32_t c) {
    if (c >= 128) unsure_ = true;
    return fulltext::is_ascii_letter(c) || fulltext::is_digit(c) || c == '_';
  }

  // A second or so: a long text and an expression of thousands of steps.
  static constexpr std::size_t kMostWork = 30'000'000;

  const RegularExpression& expression_;
  std::vector<fulltext::Character> text_;
  std::size_t work_ = 0;           // steps followed
  std::vector<std::size_t> seen_;  // by step: the round in which it was reached
  std::size_t round_ = 0;
  std::size_t at_ = 0;
  bool found_ = false;
  bool unsure_ = false;
};

std::optional<bool> RegularExpression::matches(std::string_view text) const {
  return ExpressionRun(*this, text).run();
}

}  // namespace holdfast::cache::query
