#include "cache/query/sql_text.h"

#include <algorithm>
#include <span>

#include "cache/query/resolve.h"
#include "cache/values/codec.h"
#include "cache/values/range.h"

namespace holdfast::cache::query {
namespace {

constexpr std::size_t kGroup = 100;
constexpr int kParserStack = 95;

std::string chain(std::span<const std::string> terms, std::string_view glue) {
  std::string out = "(";
  for (const auto& term : terms) {
    if (out.size() > 1) out += glue;
    out += term;
  }
  return out + ')';
}

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// How many symbols wait on the parser's stack inside each open parenthesis, at most: what a
// clause has before its nested part.
class StackEstimate {
 public:
  void word(std::string_view text) {
    Level& level = levels_.back();
    if (text == "SELECT") level.clause = 4;
    if (text == "FROM") level.clause = 5;
    if (text == "WHERE") level.clause = 8;
    if (text == "ON") level.clause = 12;
    if (text == "ORDER") level.clause = 11;
    if (text == "CASE") level.cases += 6;
    if (text == "END") level.cases -= 6;
    note_depth();
  }
  void open(bool function, bool select) {
    sum_ += levels_.back().symbols();
    levels_.push_back({function ? 5 : select ? 1 : 4, 0, 0});
    note_depth();
  }
  void close() {
    levels_.pop_back();
    sum_ -= levels_.back().symbols();
  }
  int deepest() const { return deepest_; }

 private:
  struct Level {
    int bracket = 0;
    int clause = 0;
    int cases = 0;
    int symbols() const { return bracket + clause + cases; }
  };
  // With a few symbols more for what stands innermost.
  void note_depth() { deepest_ = std::max(deepest_, sum_ + levels_.back().symbols() + 8); }

  std::vector<Level> levels_ = {{2, 0, 0}};
  int sum_ = 0;  // of all levels but the last
  int deepest_ = 0;
};

bool holds(const Type& type, TypeKind kind) {
  return type.kind == kind || (type.kind == TypeKind::kArray && holds(*type.element, kind));
}

// Whether the text of no value of the type depends on the time zone.
bool same_in_every_zone(const Type& type) {
  switch (type.kind) {
    case TypeKind::kTimestamptz:
    case TypeKind::kTimetz:
      return false;
    case TypeKind::kArray:
      return same_in_every_zone(*type.element);
    case TypeKind::kOther:
      if (const Type* bound = range_bound(type)) return same_in_every_zone(*bound);
      return type.base == "tsvector" || type.base == "inet" || type.base == "cidr";
    default:
      return true;
  }
}

}  // namespace

std::string quote_identifier(std::string_view identifier) {
  std::string out = "\"";
  for (const char c : identifier) {
    out += c;
    if (c == '"') out += c;
  }
  return out + '"';
}

std::string balanced(const std::vector<std::string>& terms, std::string_view glue) {
  if (terms.empty()) return {};
  if (terms.size() == 1) return terms[0];
  const std::span<const std::string> all(terms);
  if (terms.size() <= kGroup) return chain(all, glue);
  std::vector<std::string> groups;
  for (std::size_t i = 0; i < terms.size(); i += kGroup) {
    groups.push_back(chain(all.subspan(i, std::min(kGroup, terms.size() - i)), glue));
  }
  return balanced(groups, glue);
}

bool parser_can_read(std::string_view sql) {
  StackEstimate estimate;
  for (std::size_t at = 0; at < sql.size();) {
    std::size_t end = at + 1;
    if (sql[at] == '"') {
      end = sql.find('"', end) + 1;
    } else if (is_word_character(sql[at])) {
      while (end < sql.size() && is_word_character(sql[end])) ++end;
      estimate.word(sql.substr(at, end - at));
    } else if (sql[at] == '(') {
      estimate.open(at > 0 && is_word_character(sql[at - 1]),
                    sql.substr(end).starts_with("SELECT"));
    } else if (sql[at] == ')') {
      estimate.close();
    }
    at = end;
  }
  return estimate.deepest() <= kParserStack;
}

std::string Parameters::value(Value value) {
  values_.push_back(std::move(value));
  return "?" + std::to_string(values_.size());
}

std::string Parameters::literal(const void* literal, LiteralUse use, const Type& type,
                                Value of_literal) {
  std::string parameter = value(std::move(of_literal));
  literals_.push_back({literal, static_cast<int>(values_.size()), use, &type});
  return parameter;
}

Result<Value> Parameters::defer_refusal(Result<Value> read) {
  if (read || read.error().code == kForwardCode) return read;
  if (!refused_) refused_ = std::move(read).error();
  return Value(Null{});
}

const RowShape* Parameters::keep(std::unique_ptr<RowShape> shape) {
  shapes_->push_back(std::move(shape));
  return shapes_->back().get();
}

std::string Parameters::shape(std::unique_ptr<RowShape> shape) {
  std::string parameter = value(Null{});
  pointers_.emplace_back(static_cast<int>(values_.size()), keep(std::move(shape)));
  return parameter;
}

std::string Parameters::types(const std::vector<const Type*>& types, std::deque<Type> owned) {
  auto shape_of_types = std::make_unique<RowShape>();
  for (const Type* type : types) {
    shape_of_types->members.push_back({{}, {}, type, Member::Kind::kValue});
  }
  shape_of_types->owned_types = std::move(owned);
  return shape(std::move(shape_of_types));
}

Result<const Type*> Parameters::in_session(const Type& type) {
  const auto& elsewhere = session_.elsewhere;
  if (elsewhere.intervals && holds(type, TypeKind::kInterval)) return forward("intervalstyle");
  if (elsewhere.bytes && holds(type, TypeKind::kBytea)) return forward("bytea_output");
  if (same_in_every_zone(type)) return &type;
  if (elsewhere.moments) return forward("the time zone of the upstream's sessions");
  if (session_.zone == nullptr) return &type;
  if (type.kind != TypeKind::kTimestamptz) return forward(type.name + " in a time zone");
  auto shape = std::make_unique<RowShape>();
  Type& zoned = shape->owned_types.emplace_back(type);
  zoned.zone = session_.zone;
  keep(std::move(shape));
  return &zoned;
}

Result<void> Parameters::move_into(Plan& plan) {
  if (refused_) return *std::move(refused_);
  plan.binding.values = std::move(values_);
  plan.pointers = std::move(pointers_);
  plan.shapes = std::move(shapes_);
  return {};
}

}  // namespace holdfast::cache::query
