#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "cache/catalog/type.h"
#include "cache/query/query.h"

namespace holdfast::cache::query {

// The name under which SQL functions receive a RowShape (Statement::bind_pointer).
inline constexpr const char* kShapePointer = "hf_shape";

struct TextSearch;        // text_search.cpp
class RegularExpression;  // regular_expression.h

struct Member {
  enum class Kind : std::uint8_t {
    kValue,     // a stored value of `type`
    kJson,      // JSON text as it is
    kFragment,  // members that an hf_fragment() call has written already
  };
  std::string name;
  std::string prefix;  // a comma, the name as JSON and its colon
  const Type* type = nullptr;
  Kind kind = Kind::kValue;
};

// Members in order of a statement's columns, or of a function's arguments. As the argument of
// hf_cast() its two members are source and target type, of others the first is the value's type.
// Immutable after planning.
struct RowShape {
  std::vector<Member> members;
  bool holds_json = false;                                   // a stored value of type json
  std::deque<Type> owned_types;                              // types that no catalog holds
  std::shared_ptr<const TextSearch> search = {};             // of hf_text_search()
  std::shared_ptr<const RegularExpression> expression = {};  // of hf_match()
};

}  // namespace holdfast::cache::query
