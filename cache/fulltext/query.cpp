#include "cache/fulltext/query.h"

#include <algorithm>
#include <optional>

#include "cache/fulltext/query_reader.h"
#include "cache/values/codec.h"

namespace holdfast::cache::fulltext {
namespace {

using Kind = Node::Kind;

// Deeper queries would be matched deep in the stack.
constexpr std::size_t kMaxNodes = 2000;

// A tree under construction; a lexeme that is empty stands for a stop word.
Node stop_word() { return {}; }

Node joined(Kind kind, Node left, Node right, std::uint32_t distance) {
  Node node;
  node.kind = kind;
  node.distance = kind == Kind::kPhrase ? distance : 0;
  node.operands.push_back(std::move(left));
  node.operands.push_back(std::move(right));
  return node;
}

// One operand's words, joined by `joint`; stop words between them keep their places.
Result<Node> operand_node(const Configuration& configuration, const QueryPiece& piece, Kind joint) {
  WordCollector collector(configuration);
  if (!collector.add(piece.text)) return unread("words that are not surely known");
  std::optional<Node> tree;
  std::uint32_t last = 0;
  for (auto& word : collector.words()) {
    while (last > 0 && last + 1 < word.position) {
      tree = joined(joint, *std::move(tree), stop_word(), 1);
      ++last;
    }
    last = word.position;
    Node lexeme;
    lexeme.lexeme = std::move(word.lexeme);
    lexeme.prefix = piece.prefix;
    lexeme.weights = piece.weights;
    tree = tree ? joined(joint, *std::move(tree), std::move(lexeme), 1) : std::move(lexeme);
  }
  return tree ? *std::move(tree) : stop_word();
}

int priority(Kind kind) {
  switch (kind) {
    case Kind::kOr:
      return 1;
    case Kind::kAnd:
      return 2;
    case Kind::kPhrase:
      return 3;
    default:
      return 4;
  }
}

// Pieces to a tree: operands and pending operators on two stacks.
class TreeBuilder {
 public:
  void push(Node operand) { operands_.push_back(std::move(operand)); }

  void push_operator(Kind kind, std::uint32_t distance) {
    while (!pending_.empty() && pending_.back().kind && binds(*pending_.back().kind, kind))
      reduce();
    pending_.push_back({kind, distance});
  }

  void open() { pending_.push_back({std::nullopt, 0}); }

  void close() {
    while (pending_.back().kind) reduce();
    pending_.pop_back();
  }

  std::optional<Node> finish() {
    while (!pending_.empty()) reduce();
    if (operands_.empty()) return std::nullopt;
    return std::move(operands_.back());
  }

 private:
  struct Pending {
    std::optional<Kind> kind;  // none: an open parenthesis
    std::uint32_t distance;
  };

  // NOT alone is right associative.
  static bool binds(Kind waiting, Kind next) {
    return next == Kind::kNot ? priority(waiting) > priority(next)
                              : priority(waiting) >= priority(next);
  }

  Node take() {
    Node node = std::move(operands_.back());
    operands_.pop_back();
    return node;
  }

  void reduce() {
    const Pending pending = pending_.back();
    pending_.pop_back();
    Node right = take();
    if (*pending.kind == Kind::kNot) {
      Node node;
      node.kind = Kind::kNot;
      node.operands.push_back(std::move(right));
      return push(std::move(node));
    }
    Node left = take();
    push(joined(*pending.kind, std::move(left), std::move(right), pending.distance));
  }

  std::vector<Node> operands_;
  std::vector<Pending> pending_;
};

Result<std::optional<Node>> build(const Configuration& configuration, std::string_view text,
                                  bool web) {
  QueryReader reader(text, web);
  TreeBuilder builder;
  for (std::size_t count = 0;; ++count) {
    if (count > kMaxNodes) return unread("a long text search");
    HF_TRY(const QueryPiece piece, reader.next());
    switch (piece.kind) {
      case QueryPiece::Kind::kOperand: {
        HF_TRY(Node node, operand_node(configuration, piece, Kind::kPhrase));
        builder.push(std::move(node));
        break;
      }
      case QueryPiece::Kind::kNot:
        builder.push_operator(Kind::kNot, 0);
        break;
      case QueryPiece::Kind::kOperator:
        builder.push_operator(piece.op, piece.distance);
        break;
      case QueryPiece::Kind::kOpen:
        builder.open();
        break;
      case QueryPiece::Kind::kClose:
        builder.close();
        break;
      case QueryPiece::Kind::kStop:
        builder.push(stop_word());
        return builder.finish();
      case QueryPiece::Kind::kEnd:
        return builder.finish();
    }
  }
}

// A tree without its stop words. What they leave behind inside phrases is added to the distances of
// the neighbours: `left` and `right` of what is pruned.
struct Pruned {
  std::optional<Node> node;
  std::uint32_t left = 0;
  std::uint32_t right = 0;
};

Pruned prune(Node node);

Pruned prune_not(Node node) {
  Pruned inner = prune(std::move(node.operands[0]));
  if (!inner.node) return {std::nullopt, inner.left, inner.right};
  node.operands[0] = *std::move(inner.node);
  return {std::move(node), inner.left, inner.right};
}

Pruned prune_binary(Node node) {
  const bool phrase = node.kind == Kind::kPhrase;
  const std::uint32_t distance = node.distance;
  Pruned left = prune(std::move(node.operands[0]));
  Pruned right = prune(std::move(node.operands[1]));
  if (!left.node && !right.node) {
    const std::uint32_t gap =
        phrase ? left.left + distance + right.left : std::max(left.left, right.left);
    return {std::nullopt, gap, gap};
  }
  if (!left.node) {
    if (phrase) right.left = left.left + distance + right.left;
    return right;
  }
  if (!right.node) {
    if (phrase) left.right = left.right + distance + right.right;
    return left;
  }
  node.operands[0] = *std::move(left.node);
  node.operands[1] = *std::move(right.node);
  if (!phrase) return {std::move(node), 0, 0};
  node.distance = distance + left.right + right.left;
  return {std::move(node), left.left, right.right};
}

Pruned prune(Node node) {
  switch (node.kind) {
    case Kind::kLexeme:
      if (node.lexeme.empty()) return {};
      return {std::move(node), 0, 0};
    case Kind::kNot:
      return prune_not(std::move(node));
    default:
      return prune_binary(std::move(node));
  }
}

std::size_t depth_of(const Node& node) {
  std::size_t depth = 0;
  for (const auto& operand : node.operands) depth = std::max(depth, depth_of(operand));
  return depth + 1;
}

}  // namespace

Result<TextQuery> parse_query(Syntax syntax, const Configuration& configuration,
                              std::string_view text) {
  std::optional<Node> tree;
  if (syntax == Syntax::kStandard || syntax == Syntax::kWeb) {
    HF_TRY(tree, build(configuration, text, syntax == Syntax::kWeb));
  } else {
    QueryPiece all;
    all.text = text;
    HF_TRY(tree,
           operand_node(configuration, all, syntax == Syntax::kPlain ? Kind::kAnd : Kind::kPhrase));
  }
  TextQuery query;
  if (!tree) return query;
  if (depth_of(*tree) > kMaxNodes) return unread("a long text search");
  Pruned pruned = prune(*std::move(tree));
  if (pruned.node) query.root.push_back(*std::move(pruned.node));
  return query;
}

}  // namespace holdfast::cache::fulltext
