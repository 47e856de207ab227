#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// The syntax tree of PostgREST's query string: names as the request wrote them, nothing looked up.
// Immutable after construction.
namespace holdfast::cache::query {

// What an index is read as that 64 bits do not hold.
inline constexpr std::int64_t kLargestIndex = std::numeric_limits<std::int64_t>::max();

// One step of a JSON path: -> or ->> (as_text) with a key, or an index that may be negative.
struct JsonStep {
  bool as_text = false;
  std::variant<std::string, std::int64_t> operand;
};

struct Field {
  std::string name;
  std::vector<JsonStep> path;
};

enum class Aggregate : std::uint8_t { kSum, kAvg, kMax, kMin, kCount };
enum class JoinKind : std::uint8_t { kNone, kInner, kLeft };

struct SelectField {
  Field field;  // name "*" for all columns; count() alone is "*" with kCount
  std::string alias;
  std::string cast;
  std::optional<Aggregate> aggregate;
  std::string aggregate_cast;
};

struct SelectItem;

struct SelectEmbed {
  std::string name;
  std::string alias;
  std::string hint;
  JoinKind join = JoinKind::kNone;
  bool spread = false;
  std::vector<SelectItem> items;
};

struct SelectItem : std::variant<SelectField, SelectEmbed> {
  using std::variant<SelectField, SelectEmbed>::variant;
};

enum class Operator : std::uint8_t {
  kEq,
  kNeq,
  kGt,
  kGte,
  kLt,
  kLte,
  kLike,
  kIlike,
  kMatch,
  kImatch,  // these nine (not kNeq) quantify
  kCs,
  kCd,
  kOv,
  kSl,
  kSr,
  kNxr,
  kNxl,
  kAdj,
  kIn,
  kIs,
  kIsDistinct,
  kFts,
  kPlfts,
  kPhfts,
  kWfts,
};

enum class Quantifier : std::uint8_t { kNone, kAny, kAll };
enum class IsValue : std::uint8_t { kNull, kNotNull, kTrue, kFalse, kUnknown };

struct Filter {
  Field field;
  bool negated = false;
  Operator op = Operator::kEq;
  Quantifier quantifier = Quantifier::kNone;
  IsValue is = IsValue::kNull;      // of kIs
  std::string value;                // of all but kIs and kIn
  std::vector<std::string> values;  // of kIn
  std::string language;             // of full-text operators
};

// A filter, or and/or over operands.
struct Condition {
  enum class Kind : std::uint8_t { kFilter, kAnd, kOr };
  Kind kind = Kind::kFilter;
  bool negated = false;  // of kAnd and kOr
  Filter filter;
  std::vector<Condition> operands;

  // The only value that it allows in the column, by name=eq.value; nullptr: there may be others.
  const std::string* equal_value(std::string_view column) const;
};

enum class NullsOrder : std::uint8_t { kDefault, kFirst, kLast };

struct OrderTerm {
  std::string embed;  // order by a column of this embed; empty = of the table itself
  Field field;
  bool descending = false;
  NullsOrder nulls = NullsOrder::kDefault;
};

// The embeds (by alias or name) that lead from the root to where a parameter applies.
using EmbedPath = std::vector<std::string>;

// limit= and offset= of one place; a value that is no number counts as absent, as in PostgREST.
struct Range {
  std::optional<std::int64_t> limit;
  std::int64_t offset = 0;
  // More than Postgres' bigint holds: limit or offset is then the largest one.
  bool limit_too_large = false;
  bool offset_too_large = false;
};

struct QueryTree {
  std::vector<SelectItem> select;                        // "*" when the request names none
  std::vector<std::pair<EmbedPath, Condition>> filters;  // name=op.value, in order
  std::vector<std::pair<EmbedPath, Condition>> logic;    // and=, or=
  std::vector<std::pair<EmbedPath, std::vector<OrderTerm>>> order;
  std::vector<std::pair<EmbedPath, Range>> ranges;
  std::vector<std::string> columns;
  std::vector<std::string> on_conflict;
  bool has_select = false;

  const Range* root_range() const {
    for (const auto& [path, range] : ranges) {
      if (path.empty()) return &range;
    }
    return nullptr;
  }
};

}  // namespace holdfast::cache::query
