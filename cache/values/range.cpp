#include "cache/values/range.h"

#include <array>
#include <limits>
#include <optional>

#include "cache/values/calendar.h"
#include "cache/values/codec.h"
#include "cache/values/sort_key.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

struct Bound {
  std::optional<Value> value;  // nullopt: unbounded
  bool inclusive = false;
};

struct Range {
  bool empty = false;
  Bound lower;
  Bound upper;
};

struct BoundTexts {
  bool empty = false;
  bool lower_inclusive = false;
  bool upper_inclusive = false;
  std::optional<std::string> lower;
  std::optional<std::string> upper;
};

// The grammar of range literals.
class RangeReader {
 public:
  explicit RangeReader(std::string_view text) : text_(text), rest_(text) {}

  Result<BoundTexts> run() {
    BoundTexts texts;
    skip_spaces();
    if (equals_ignoring_case(rest_.substr(0, 5), "empty")) {
      rest_.remove_prefix(5);
      texts.empty = true;
      return end(std::move(texts));
    }
    if (rest_.empty() || (rest_[0] != '[' && rest_[0] != '(')) {
      return malformed("Missing left parenthesis or bracket.");
    }
    texts.lower_inclusive = take() == '[';
    HF_TRY(texts.lower, bound());
    if (rest_[0] != ',') return malformed("Missing comma after lower bound.");
    take();
    HF_TRY(texts.upper, bound());
    if (rest_[0] == ',') return malformed("Too many commas.");
    texts.upper_inclusive = take() == ']';
    return end(std::move(texts));
  }

 private:
  char take() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  void skip_spaces() {
    while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
  }

  bool at_delimiter() const { return rest_[0] == ',' || rest_[0] == ')' || rest_[0] == ']'; }

  // Up to its delimiter, which is there when it succeeds.
  Result<std::optional<std::string>> bound() {
    if (!rest_.empty() && at_delimiter()) return std::optional<std::string>();
    std::string out;
    bool quoted = false;
    while (!rest_.empty() && (quoted || !at_delimiter())) {
      const char c = take();
      if (c == '\\') {
        if (rest_.empty()) break;
        out += take();
      } else if (c != '"') {
        out += c;
      } else if (quoted && rest_.starts_with('"')) {
        out += take();
      } else {
        quoted = !quoted;
      }
    }
    if (rest_.empty()) return malformed("Unexpected end of input.");
    return std::optional(std::move(out));
  }

  Result<BoundTexts> end(BoundTexts texts) {
    skip_spaces();
    if (rest_.empty()) return texts;
    return malformed(texts.empty ? "Junk after \"empty\" key word."
                                 : "Junk after right parenthesis or bracket.");
  }

  Error malformed(const char* details) const {
    return invalid_request("22P02", "malformed range literal: \"" + std::string(text_) + "\"",
                           details);
  }

  std::string_view text_;
  std::string_view rest_;
};

Result<Bound> read_bound(const Type& type, const std::optional<std::string>& text, bool inclusive) {
  if (!text) return Bound{};
  HF_TRY(Value value, parse_text(type, *text));
  return Bound{std::move(value), inclusive};
}

Result<Range> read_range(const Type& bound, std::string_view text) {
  HF_TRY(const BoundTexts texts, RangeReader(text).run());
  Range range;
  range.empty = texts.empty;
  if (texts.empty) return range;
  HF_TRY(range.lower, read_bound(bound, texts.lower, texts.lower_inclusive));
  HF_TRY(range.upper, read_bound(bound, texts.upper, texts.upper_inclusive));
  return range;
}

// Empty when it holds nothing; an error when the bounds are in the wrong order.
Result<void> settle(const Type& bound, Range& range) {
  if (range.empty || !range.lower.value || !range.upper.value) return {};
  const int order =
      sort_key(bound, view(*range.lower.value)).compare(sort_key(bound, view(*range.upper.value)));
  if (order > 0) {
    return invalid_request("22000",
                           "range lower bound must be less than or equal to range upper bound");
  }
  range.empty = order == 0 && !(range.lower.inclusive && range.upper.inclusive);
  return {};
}

bool is_discrete(TypeKind kind) {
  return kind == TypeKind::kInt4 || kind == TypeKind::kInt8 || kind == TypeKind::kDate;
}

std::int64_t last_value(TypeKind kind) {
  if (kind == TypeKind::kInt8) return std::numeric_limits<std::int64_t>::max();
  return kind == TypeKind::kInt4 ? std::numeric_limits<std::int32_t>::max() : kLastDay;
}

// The bound as one whose inclusion is `inclusive`, by the next value where needed.
Result<void> step(const Type& type, Bound& bound, bool inclusive) {
  if (!bound.value || bound.inclusive == inclusive) return {};
  auto& value = std::get<std::int64_t>(*bound.value);
  const bool date = type.kind == TypeKind::kDate;
  if (date && (value == kDateInfinity || value == kDateMinusInfinity)) return {};
  if (value >= last_value(type.kind)) {
    return invalid_request(date ? "22008" : "22003", type.base + " out of range");
  }
  ++value;
  bound.inclusive = inclusive;
  return {};
}

Result<void> canonicalize(const Type& type, Range& range) {
  HF_TRY_VOID(settle(type, range));
  if (range.empty || !is_discrete(type.kind)) return {};
  HF_TRY_VOID(step(type, range.lower, true));
  HF_TRY_VOID(step(type, range.upper, false));
  return settle(type, range);
}

void print_bound(const Type& type, const Bound& bound, std::string& out) {
  if (!bound.value) return;
  std::string text;
  print_output(type, view(*bound.value), text);
  const bool quoted =
      text.empty() || text.find_first_of("\"\\()[], \t\n\r\f\v") != std::string::npos;
  if (quoted) out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += c;
    out += c;
  }
  if (quoted) out += '"';
}

// Where a bound lies: the value, then just before (0), at (1) or just after it (2).
std::string bound_key(const Type& type, const Bound& bound, bool is_lower) {
  if (!bound.value) return is_lower ? "\x01" : "\x03";
  const char side = bound.inclusive ? '\x01' : is_lower ? '\x02' : '\x00';
  return '\x02' + sort_key(type, view(*bound.value)) + side;
}

bool is_adjacent_to(const std::string& upper, const std::string& lower) {
  if (upper[0] != '\x02' || lower[0] != '\x02' || upper.size() != lower.size()) return false;
  return upper.compare(0, upper.size() - 1, lower, 0, lower.size() - 1) == 0 &&
         lower.back() - upper.back() == 1;
}

}  // namespace

const Type* range_bound(const Type& range) {
  static const std::array<std::pair<std::string_view, Type>, 6> ranges = {
      {{"int4range", make_type("integer")},
       {"int8range", make_type("bigint")},
       {"numrange", make_type("numeric")},
       {"daterange", make_type("date")},
       {"tsrange", make_type("timestamp without time zone")},
       {"tstzrange", make_type("timestamp with time zone")}}};
  if (range.kind != TypeKind::kOther || !range.base.ends_with("range")) return nullptr;
  for (const auto& [name, bound] : ranges) {
    if (range.base == name) return &bound;
  }
  return nullptr;
}

Result<std::string> parse_range(const Type& range, std::string_view text) {
  const Type& bound = *range_bound(range);
  HF_TRY_VOID(check_utf8(text));
  HF_TRY(Range value, read_range(bound, text));
  HF_TRY_VOID(canonicalize(bound, value));
  if (value.empty) return std::string("empty");
  std::string out = value.lower.inclusive ? "[" : "(";
  print_bound(bound, value.lower, out);
  out += ',';
  print_bound(bound, value.upper, out);
  out += value.upper.inclusive ? ']' : ')';
  return out;
}

std::string RangeKey::sort_key() const { return empty ? std::string(1, '\0') : lower + upper; }

RangeKey range_key(const Type& range, std::string_view text) {
  const Type& bound = *range_bound(range);
  const auto value = read_range(bound, text);
  if (!value || value->empty) return {true, {}, {}};
  return {false, bound_key(bound, value->lower, true), bound_key(bound, value->upper, false)};
}

bool contains(const RangeKey& whole, const RangeKey& part) {
  if (part.empty) return true;
  return !whole.empty && whole.lower <= part.lower && part.upper <= whole.upper;
}

bool overlaps(const RangeKey& a, const RangeKey& b) {
  return !a.empty && !b.empty && a.lower <= b.upper && b.lower <= a.upper;
}

bool is_left_of(const RangeKey& a, const RangeKey& b) {
  return !a.empty && !b.empty && a.upper < b.lower;
}

bool does_not_extend_right_of(const RangeKey& a, const RangeKey& b) {
  return !a.empty && !b.empty && a.upper <= b.upper;
}

bool does_not_extend_left_of(const RangeKey& a, const RangeKey& b) {
  return !a.empty && !b.empty && a.lower >= b.lower;
}

bool is_adjacent(const RangeKey& a, const RangeKey& b) {
  if (a.empty || b.empty) return false;
  return is_adjacent_to(a.upper, b.lower) || is_adjacent_to(b.upper, a.lower);
}

}  // namespace holdfast::cache
