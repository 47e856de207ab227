#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cache/catalog/type.h"
#include "cache/sqlite/value.h"

// The syntax tree of an expression (internal).
namespace holdfast::cache::expression {

enum class NodeKind : std::uint8_t {
  kConstant,  // value, type
  kColumn,    // column, type
  kCast,      // child 0 to type
  kAnd,       // children
  kOr,        // children
  kNot,       // child 0
  kIsNull,    // child 0
  kIsTrue,    // child 0
  kIsFalse,   // child 0
  kBinary,    // name: the operator; children 0 and 1
  kNegative,  // child 0
  kAny,       // name: the operator; child 0 and the list of child 1
  kAll,       // the same
  kList,      // children
  kCase,      // pairs of condition and result, and the result of ELSE
  kCoalesce,  // children
  kCall,      // name: the function, in lower case; children
};

struct Node {
  NodeKind kind;
  std::string name = {};
  Type type = {};
  Value value = {};
  std::size_t column = 0;
  std::vector<std::unique_ptr<Node>> children = {};
};

using NodePtr = std::unique_ptr<Node>;

}  // namespace holdfast::cache::expression
