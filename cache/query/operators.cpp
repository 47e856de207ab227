#include "cache/query/operators.h"

#include "cache/values/range.h"
#include "cache/values/sort_key.h"

namespace holdfast::cache::query {
namespace {

const char* range_function(Operator op) {
  switch (op) {
    case Operator::kCs:
    case Operator::kCd:
      return "hf_range_contains(";
    case Operator::kOv:
      return "hf_range_overlaps(";
    case Operator::kSl:
    case Operator::kSr:
      return "hf_range_left_of(";
    case Operator::kNxr:
      return "hf_range_not_right_of(";
    case Operator::kNxl:
      return "hf_range_not_left_of(";
    default:
      return "hf_range_adjacent(";
  }
}

}  // namespace

const char* sql_operator(Operator op) {
  switch (op) {
    case Operator::kNeq:
      return " <> ";
    case Operator::kGt:
      return " > ";
    case Operator::kGte:
      return " >= ";
    case Operator::kLt:
      return " < ";
    case Operator::kLte:
      return " <= ";
    case Operator::kIsDistinct:
      return " IS NOT ";
    default:
      return " = ";
  }
}

const char* postgres_operator(Operator op) {
  switch (op) {
    case Operator::kNeq:
      return "<>";
    case Operator::kGt:
      return ">";
    case Operator::kGte:
      return ">=";
    case Operator::kLt:
      return "<";
    case Operator::kLte:
      return "<=";
    case Operator::kLike:
      return "~~";
    case Operator::kIlike:
      return "~~*";
    case Operator::kMatch:
      return "~";
    case Operator::kImatch:
      return "~*";
    case Operator::kCs:
      return "@>";
    case Operator::kCd:
      return "<@";
    case Operator::kOv:
      return "&&";
    case Operator::kSl:
      return "<<";
    case Operator::kSr:
      return ">>";
    case Operator::kNxr:
      return "&<";
    case Operator::kNxl:
      return "&>";
    case Operator::kAdj:
      return "-|-";
    default:
      return "=";
  }
}

bool is_enum_domain(const Column* column) {
  return column != nullptr && !column->domain.empty() && column->type.kind == TypeKind::kEnum;
}

Error no_operator(const std::string& left, Operator op) {
  return invalid_request(
      "42883", "operator does not exist: " + left + " " + postgres_operator(op) + " unknown",
      std::nullopt,
      "No operator matches the given name and argument types. You might need to add explicit type "
      "casts.");
}

const char* set_function(const Type& type, Operator op) {
  const bool contains = op == Operator::kCs || op == Operator::kCd;
  if (type.kind == TypeKind::kJsonb) return contains ? "hf_jsonb_contains(" : nullptr;
  if (range_bound(type) != nullptr) return range_function(op);
  if (type.kind != TypeKind::kArray || !has_sort_key(type)) return nullptr;
  if (contains) return "hf_array_contains(";
  return op == Operator::kOv ? "hf_array_overlaps(" : nullptr;
}

std::optional<std::string> plain_pattern(std::string_view expression) {
  const bool from_start = expression.starts_with('^');
  if (from_start) expression.remove_prefix(1);
  const bool to_end = expression.ends_with('$');
  if (to_end) expression.remove_suffix(1);
  std::string pattern = from_start ? "" : "%";
  for (const char c : expression) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == ' ' || c == '-' || c == ',' || c == '@' || c == '/' ||
                       static_cast<unsigned char>(c) >= 0x80;
    if (!plain && c != '_') return std::nullopt;
    if (c == '_') pattern += '\\';
    pattern += c;
  }
  return to_end ? pattern : pattern + '%';
}

}  // namespace holdfast::cache::query
