#include "cache/expression/expression.h"

#include "cache/expression/operators.h"
#include "cache/expression/parser.h"
#include "cache/values/cast.h"
#include "cache/values/codec.h"

namespace holdfast::cache {
namespace expression {
namespace {

bool is_true(const Typed& value) { return value.value == Value(std::int64_t{1}); }
bool is_false(const Typed& value) { return value.value == Value(std::int64_t{0}); }

// nullopt: the value is not known.
class Evaluator {
 public:
  explicit Evaluator(const RowValues& row) : row_(row) {}

  std::optional<Typed> evaluate(const Node& node) const {
    switch (node.kind) {
      case NodeKind::kConstant:
        return Typed{node.type, node.value};
      case NodeKind::kColumn:
        return column(node);
      case NodeKind::kCast:
        return with_operand(node,
                            [&](const Typed& operand) { return cast_to(node.type, operand); });
      case NodeKind::kAnd:
      case NodeKind::kOr:
        return chain(node);
      case NodeKind::kNot:
        return with_operand(node, negation);
      case NodeKind::kIsNull:
        return with_operand(node, [](const Typed& it) { return boolean(is_null(it.value)); });
      case NodeKind::kIsTrue:
        return with_operand(node, [](const Typed& it) { return boolean(is_true(it)); });
      case NodeKind::kIsFalse:
        return with_operand(node, [](const Typed& it) { return boolean(is_false(it)); });
      case NodeKind::kNegative:
        return with_operand(node, negative_of);
      case NodeKind::kBinary:
        return binary(node);
      case NodeKind::kAny:
      case NodeKind::kAll:
        return quantified(node);
      case NodeKind::kCase:
        return choice(node);
      case NodeKind::kCoalesce:
        return coalesce(node);
      case NodeKind::kCall:
        return call(node);
      case NodeKind::kList:
        break;
    }
    return std::nullopt;
  }

 private:
  template <typename Operation>
  std::optional<Typed> with_operand(const Node& node, const Operation& operation) const {
    auto operand = evaluate(*node.children[0]);
    if (!operand) return std::nullopt;
    return operation(*operand);
  }

  static std::optional<Typed> negation(const Typed& operand) {
    if (is_null(operand.value)) return operand;
    return boolean(is_false(operand));
  }

  std::optional<Typed> column(const Node& node) const {
    if (row_.unknown.contains(node.column)) return std::nullopt;
    return Typed{node.type, row_.values[node.column]};
  }

  std::optional<Typed> binary(const Node& node) const {
    const auto left = evaluate(*node.children[0]);
    const auto right = left ? evaluate(*node.children[1]) : std::nullopt;
    if (!right) return std::nullopt;
    return apply_operator(node.name, *left, *right);
  }

  // One that decides does so whatever the others are, known or not.
  class Decision {
   public:
    // Of OR and ANY, else of AND and ALL.
    explicit Decision(bool any) : any_(any) {}

    // Whether nothing more is to be looked at.
    bool add(const std::optional<Typed>& part) {
      decided_ = part && (any_ ? is_true(*part) : is_false(*part));
      unknown_ = unknown_ || !part;
      null_ = null_ || (part && is_null(part->value));
      return decided_;
    }
    std::optional<Typed> outcome() const {
      if (decided_) return boolean(any_);
      if (unknown_) return std::nullopt;
      Typed outcome = boolean(!any_);
      if (null_) outcome.value = Null{};
      return outcome;
    }

   private:
    bool any_;
    bool decided_ = false;
    bool unknown_ = false;
    bool null_ = false;
  };

  std::optional<Typed> chain(const Node& node) const {
    Decision decision(node.kind == NodeKind::kOr);
    for (const NodePtr& child : node.children) {
      if (decision.add(evaluate(*child))) break;
    }
    return decision.outcome();
  }

  std::optional<Typed> quantified(const Node& node) const {
    const auto left = evaluate(*node.children[0]);
    if (!left) return std::nullopt;
    Decision decision(node.kind == NodeKind::kAny);
    for (const NodePtr& element : node.children[1]->children) {
      const auto right = evaluate(*element);
      if (decision.add(right ? apply_operator(node.name, *left, *right) : std::nullopt)) break;
    }
    return decision.outcome();
  }

  std::optional<Typed> choice(const Node& node) const {
    std::size_t i = 0;
    for (; i + 1 < node.children.size(); i += 2) {
      const auto condition = evaluate(*node.children[i]);
      if (!condition) return std::nullopt;
      if (is_true(*condition)) return evaluate(*node.children[i + 1]);
    }
    return evaluate(*node.children[i]);
  }

  std::optional<Typed> coalesce(const Node& node) const {
    std::optional<Typed> value;
    for (const NodePtr& child : node.children) {
      value = evaluate(*child);
      if (!value || !is_null(value->value)) break;
    }
    return value;
  }

  std::optional<Typed> call(const Node& node) const {
    std::vector<Typed> arguments;
    for (const NodePtr& child : node.children) {
      auto argument = evaluate(*child);
      if (!argument) return std::nullopt;
      arguments.push_back(*std::move(argument));
    }
    return call_function(node.name, arguments);
  }

  const RowValues& row_;
};

}  // namespace
}  // namespace expression

Expression::Expression(std::unique_ptr<expression::Node> root) : root_(std::move(root)) {}
Expression::~Expression() = default;
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;

std::optional<Expression> Expression::parse(const Table& table, std::string_view text) {
  auto root = expression::parse(table, text);
  if (root == nullptr) return std::nullopt;
  return Expression(std::move(root));
}

std::optional<Value> Expression::evaluate(const RowValues& row, const Type& target) const {
  const auto outcome = expression::Evaluator(row).evaluate(*root_);
  if (!outcome) return std::nullopt;
  if (is_null(outcome->value) || outcome->type.name == target.name) return outcome->value;
  const auto assigned = expression::assign_to(target, *outcome);
  if (!assigned) return std::nullopt;
  return assigned->value;
}

bool Expression::is_false(const RowValues& row) const {
  const auto outcome = expression::Evaluator(row).evaluate(*root_);
  return outcome && outcome->type.kind == TypeKind::kBool && expression::is_false(*outcome);
}

}  // namespace holdfast::cache
