// vector @@ query: a phrase matches where the positions of its operands fit.

#include <algorithm>

#include "cache/fulltext/query.h"

namespace holdfast::cache::fulltext {
namespace {

enum class Truth : std::uint8_t { kNo, kMaybe, kYes };

// Where something matches: its last word's positions, or (negated) everywhere else.
struct Places {
  Truth truth = Truth::kNo;
  bool negated = false;
  int width = 0;
  std::vector<int> positions;
};

Places somewhere(std::vector<int> positions, int width) {
  Places places{positions.empty() ? Truth::kNo : Truth::kYes, false, width, std::move(positions)};
  return places;
}

bool fits(const Node& node, const Position& position) {
  return node.weights == 0 || (node.weights >> position.weight & 1) != 0;
}

class Matcher {
 public:
  explicit Matcher(const Vector& vector) : vector_(vector) {}

  Truth matches(const Node& node) const {
    switch (node.kind) {
      case Node::Kind::kLexeme:
        return has(node) ? Truth::kYes : Truth::kNo;
      case Node::Kind::kNot:
        return matches(node.operands[0]) == Truth::kNo ? Truth::kYes : Truth::kNo;
      case Node::Kind::kAnd:
        return std::min(matches(node.operands[0]), matches(node.operands[1]));
      case Node::Kind::kOr:
        return std::max(matches(node.operands[0]), matches(node.operands[1]));
      case Node::Kind::kPhrase:
        return places_of(node).truth == Truth::kYes ? Truth::kYes : Truth::kNo;
    }
    return Truth::kNo;
  }

 private:
  // The entries that a lexeme or prefix stands for.
  std::pair<Vector::const_iterator, Vector::const_iterator> range(const Node& node) const {
    const auto first = std::lower_bound(
        vector_.begin(), vector_.end(), node.lexeme,
        [](const Entry& entry, const std::string& lexeme) { return entry.lexeme < lexeme; });
    auto last = first;
    while (last != vector_.end() &&
           (node.prefix ? last->lexeme.starts_with(node.lexeme) : last->lexeme == node.lexeme)) {
      ++last;
    }
    return {first, last};
  }

  // A vector without positions has every weight.
  bool has(const Node& node) const {
    const auto [first, last] = range(node);
    return std::any_of(first, last, [&](const Entry& entry) {
      return entry.positions.empty() ||
             std::any_of(entry.positions.begin(), entry.positions.end(),
                         [&](const Position& position) { return fits(node, position); });
    });
  }

  Places places_of_lexeme(const Node& node) const {
    const auto [first, last] = range(node);
    std::vector<int> positions;
    for (auto entry = first; entry != last; ++entry) {
      if (entry->positions.empty()) return {Truth::kMaybe, false, 0, {}};
      for (const auto& position : entry->positions) {
        if (fits(node, position)) positions.push_back(position.at);
      }
    }
    std::sort(positions.begin(), positions.end());
    positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
    return somewhere(std::move(positions), 0);
  }

  Places places_of(const Node& node) const {
    switch (node.kind) {
      case Node::Kind::kLexeme:
        return places_of_lexeme(node);
      case Node::Kind::kNot:
        return negation(places_of(node.operands[0]));
      case Node::Kind::kOr:
        return either(places_of(node.operands[0]), places_of(node.operands[1]));
      default:
        return both(node, places_of(node.operands[0]), places_of(node.operands[1]));
    }
  }

  static Places negation(Places places) {
    switch (places.truth) {
      case Truth::kNo:
        return {Truth::kYes, true, places.width, {}};
      case Truth::kMaybe:
        return places;
      case Truth::kYes:
        break;
    }
    if (places.positions.empty()) return {Truth::kNo, false, places.width, {}};
    places.negated = !places.negated;
    return places;
  }

  // Positions of which `keep(in left, in right)` holds, both moved by their offsets.
  template <typename Keep>
  static std::vector<int> combined(const Places& left, int left_offset, const Places& right,
                                   int right_offset, Keep keep) {
    std::vector<int> out;
    auto l = left.positions.begin();
    auto r = right.positions.begin();
    while (l != left.positions.end() || r != right.positions.end()) {
      const bool take_left = r == right.positions.end() ||
                             (l != left.positions.end() && *l + left_offset <= *r + right_offset);
      const bool take_right = l == left.positions.end() ||
                              (r != right.positions.end() && *r + right_offset <= *l + left_offset);
      const int position = take_left ? *l + left_offset : *r + right_offset;
      if (keep(take_left, take_right)) out.push_back(position);
      if (take_left) ++l;
      if (take_right) ++r;
    }
    return out;
  }

  static Places both(const Node& node, const Places& left, const Places& right) {
    if (left.truth == Truth::kNo || right.truth == Truth::kNo) return {};
    if (left.truth == Truth::kMaybe || right.truth == Truth::kMaybe) {
      return {Truth::kMaybe, false, 0, {}};
    }
    const bool phrase = node.kind == Node::Kind::kPhrase;
    const int distance = static_cast<int>(node.distance);
    const int widest = std::max(left.width, right.width);
    const int width = phrase ? distance + left.width + right.width : widest;
    const int left_offset = phrase ? distance + right.width : widest - left.width;
    const int right_offset = phrase ? 0 : widest - right.width;
    if (left.negated && right.negated) {
      return {Truth::kYes, true, width,
              combined(left, left_offset, right, right_offset, [](bool, bool) { return true; })};
    }
    auto positions =
        combined(left, left_offset, right, right_offset, [&](bool in_left, bool in_right) {
          return in_left != left.negated && in_right != right.negated;
        });
    return somewhere(std::move(positions), width);
  }

  static Places either(const Places& left, const Places& right) {
    if (left.truth == Truth::kNo && right.truth == Truth::kNo) return {};
    if (left.truth == Truth::kMaybe || right.truth == Truth::kMaybe) {
      return {Truth::kMaybe, false, 0, {}};
    }
    const int left_width = left.truth == Truth::kNo ? 0 : left.width;
    const int right_width = right.truth == Truth::kNo ? 0 : right.width;
    const int width = std::max(left_width, right_width);
    const bool negated = left.negated || right.negated;
    auto positions = combined(
        left, width - left_width, right, width - right_width, [&](bool in_left, bool in_right) {
          return (in_left != left.negated || in_right != right.negated) != negated;
        });
    if (negated) return {Truth::kYes, true, width, std::move(positions)};
    return somewhere(std::move(positions), width);
  }

  const Vector& vector_;
};

}  // namespace

bool matches(const Vector& vector, const TextQuery& query) {
  return !query.root.empty() && Matcher(vector).matches(query.root[0]) == Truth::kYes;
}

}  // namespace holdfast::cache::fulltext
