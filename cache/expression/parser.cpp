#include "cache/expression/parser.h"

#include <algorithm>
#include <array>

#include "cache/expression/lexer.h"
#include "cache/values/codec.h"

namespace holdfast::cache::expression {
namespace {

constexpr int kMaxDepth = 64;

NodePtr make(NodeKind kind, std::string name = {}) {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->name = std::move(name);
  return node;
}

// Null when the child is.
NodePtr with_child(NodeKind kind, NodePtr child, std::string name = {}) {
  if (child == nullptr) return nullptr;
  NodePtr node = make(kind, std::move(name));
  node->children.push_back(std::move(child));
  return node;
}

NodePtr constant(Type type, Result<Value> value) {
  if (!value) return nullptr;
  NodePtr node = make(NodeKind::kConstant);
  node->type = std::move(type);
  node->value = *std::move(value);
  return node;
}

// A bare number is the smallest of integer, bigint and numeric that holds it.
NodePtr number_constant(const std::string& digits) {
  for (const char* name : {"integer", "bigint", "numeric"}) {
    Type type = make_type(name);
    if (auto value = parse_text(type, digits)) return constant(std::move(type), std::move(value));
  }
  return nullptr;
}

// In these languages a small i is not the capital I's.
bool has_own_letters(const Table& table) {
  return std::any_of(table.columns.begin(), table.columns.end(), [](const Column& column) {
    const auto slash = column.collation.find('/');
    if (slash == std::string::npos) return false;
    const std::string_view locale = std::string_view(column.collation).substr(slash + 1);
    return locale.starts_with("tr") || locale.starts_with("az") || locale.starts_with("lt");
  });
}

class Parser {
 public:
  Parser(const Table& table, std::vector<Token> tokens)
      : table_(table), tokens_(std::move(tokens)) {}

  NodePtr parse() {
    NodePtr root = read_chain();
    return peek().kind == TokenKind::kEnd ? std::move(root) : nullptr;
  }

 private:
  const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(place_ + ahead, tokens_.size() - 1)];
  }
  bool is(TokenKind kind, std::string_view text) const {
    return peek().kind == kind && peek().text == text;
  }
  bool take(TokenKind kind, std::string_view text) {
    if (!is(kind, text)) return false;
    ++place_;
    return true;
  }
  bool take_symbol(std::string_view text) { return take(TokenKind::kSymbol, text); }
  bool take_word(std::string_view text) { return take(TokenKind::kWord, text); }
  bool take_words(std::string_view first, std::string_view second) {
    if (!is(TokenKind::kWord, first) || peek(1).kind != TokenKind::kWord ||
        peek(1).text != second) {
      return false;
    }
    place_ += 2;
    return true;
  }

  // Postgres puts each operation in parentheses, but for chains of AND and of OR.
  NodePtr read_chain() {
    NodePtr first = read_operand();
    for (const auto& [word, kind] : {std::pair("and", NodeKind::kAnd), {"or", NodeKind::kOr}}) {
      if (!is(TokenKind::kWord, word)) continue;
      NodePtr chain = with_child(kind, std::move(first));
      while (chain != nullptr && take_word(word))
        chain = with_next(std::move(chain), read_operand());
      return chain;
    }
    return first == nullptr ? nullptr : read_operation(std::move(first));
  }

  static NodePtr with_next(NodePtr node, NodePtr child) {
    if (child == nullptr) return nullptr;
    node->children.push_back(std::move(child));
    return node;
  }

  NodePtr read_operation(NodePtr left) {
    if (is(TokenKind::kWord, "is")) return read_is(std::move(left));
    if (peek().kind != TokenKind::kSymbol || !is_operator_part(peek().text.front())) return left;
    const std::string name = peek().text;
    ++place_;
    for (const auto& [word, kind] : {std::pair("any", NodeKind::kAny), {"all", NodeKind::kAll}}) {
      if (take_word(word)) return read_quantified(kind, name, std::move(left));
    }
    return with_next(with_child(NodeKind::kBinary, std::move(left), name), read_operand());
  }

  NodePtr read_is(NodePtr operand) {
    take_word("is");
    const bool negated = take_word("not");
    NodePtr test;
    if (take_word("null")) {
      test = with_child(NodeKind::kIsNull, std::move(operand));
    } else if (take_word("true")) {
      test = with_child(NodeKind::kIsTrue, std::move(operand));
    } else if (take_word("false")) {
      test = with_child(NodeKind::kIsFalse, std::move(operand));
    }
    return negated ? with_child(NodeKind::kNot, std::move(test)) : std::move(test);
  }

  // = ANY (ARRAY[…]), also with a cast of the whole list.
  NodePtr read_quantified(NodeKind kind, const std::string& name, NodePtr left) {
    if (!take_symbol("(")) return nullptr;
    NodePtr list = read_operand();
    if (list == nullptr || list->kind != NodeKind::kList || !take_symbol(")")) return nullptr;
    return with_next(with_child(kind, std::move(left), name), std::move(list));
  }

  // With its casts.
  NodePtr read_operand() {
    if (depth_ >= kMaxDepth) return nullptr;
    ++depth_;
    NodePtr operand = read_primary();
    while (operand != nullptr && take_symbol("::")) operand = read_cast(std::move(operand));
    --depth_;
    return operand;
  }

  NodePtr read_primary() {
    const Token token = peek();
    switch (token.kind) {
      case TokenKind::kNumber:
        ++place_;
        return number_constant(token.text);
      case TokenKind::kString:
        ++place_;
        return read_literal(token.text);
      case TokenKind::kQuotedName:
        ++place_;
        return read_column(token.text);
      case TokenKind::kWord:
        ++place_;
        return read_word(token.text);
      case TokenKind::kSymbol:
        if (take_symbol("(")) return closed(read_chain());
        if (take_symbol("-")) return with_child(NodeKind::kNegative, read_operand());
        return nullptr;
      case TokenKind::kEnd:
        return nullptr;
    }
    return nullptr;
  }

  NodePtr closed(NodePtr inner) { return take_symbol(")") ? std::move(inner) : nullptr; }

  NodePtr read_word(const std::string& word) {
    if (word == "null") return read_null();
    if (word == "true" || word == "false") {
      return constant(make_type("boolean"), Value(std::int64_t{word == "true" ? 1 : 0}));
    }
    if (word == "not") return with_child(NodeKind::kNot, read_operand());
    if (word == "case") return read_case();
    if (word == "array") return take_symbol("[") ? read_list(NodeKind::kList, "]") : nullptr;
    if (is(TokenKind::kSymbol, "(")) return read_call(word);
    return read_column(word);
  }

  // Not a name with a schema, and not a domain's VALUE.
  NodePtr read_column(const std::string& name) {
    const auto index = table_.column_index(name);
    if (!index || is(TokenKind::kSymbol, ".") || is(TokenKind::kSymbol, "(")) return nullptr;
    const Column& column = table_.columns[*index];
    if (column.collation == "nondeterministic" || column.custom_casts) return nullptr;
    NodePtr node = make(NodeKind::kColumn);
    node->column = *index;
    node->type = column.type;
    return node;
  }

  NodePtr read_null() {
    if (!take_symbol("::")) return nullptr;
    const auto type = read_type();
    return type ? constant(*type, Value(Null{})) : nullptr;
  }

  // Always with its type; 'a'::text.
  NodePtr read_literal(const std::string& text) {
    if (!take_symbol("::")) return nullptr;
    // A text search configuration, the weight of words.
    if (take_word("regconfig") || take(TokenKind::kQuotedName, "char")) {
      return constant(make_type("text"), Value(text));
    }
    const auto type = read_type();
    return type ? constant(*type, parse_text(*type, text)) : nullptr;
  }

  NodePtr read_cast(NodePtr operand) {
    const auto type = read_type();
    if (!type) return nullptr;
    if (operand->kind != NodeKind::kList) return cast(*type, std::move(operand));
    if (type->kind != TypeKind::kArray || type->element == nullptr) return nullptr;
    for (NodePtr& element : operand->children) element = cast(*type->element, std::move(element));
    return operand;
  }

  static NodePtr cast(const Type& type, NodePtr operand) {
    NodePtr node = with_child(NodeKind::kCast, std::move(operand));
    node->type = type;
    return node;
  }

  NodePtr read_list(NodeKind kind, std::string_view end, std::string name = {}) {
    NodePtr list = make(kind, std::move(name));
    if (take_symbol(end)) return list;
    do list = with_next(std::move(list), read_chain());
    while (list != nullptr && take_symbol(","));
    return list != nullptr && take_symbol(end) ? std::move(list) : nullptr;
  }

  NodePtr read_call(const std::string& name) {
    take_symbol("(");
    if ((name == "lower" || name == "upper") && has_own_letters(table_)) return nullptr;
    if (name == "coalesce") return read_list(NodeKind::kCoalesce, ")");
    if (name == "trim") return read_trim();
    return read_list(NodeKind::kCall, ")", name);
  }

  // TRIM(BOTH FROM x)
  NodePtr read_trim() {
    for (const auto& [side, function] :
         {std::pair("both", "btrim"), {"leading", "ltrim"}, {"trailing", "rtrim"}}) {
      if (take_words(side, "from"))
        return closed(with_child(NodeKind::kCall, read_operand(), function));
    }
    return nullptr;
  }

  // CASE WHEN … THEN … [ELSE …] END; the form with an operand prints as CASE x WHEN …, not known.
  NodePtr read_case() {
    NodePtr node = make(NodeKind::kCase);
    while (node != nullptr && take_word("when")) {
      node = with_next(std::move(node), read_chain());
      if (node == nullptr || !take_word("then")) return nullptr;
      node = with_next(std::move(node), read_chain());
    }
    if (node == nullptr || node->children.empty() || !take_word("else")) return nullptr;
    node = with_next(std::move(node), read_chain());
    return node != nullptr && take_word("end") ? std::move(node) : nullptr;
  }

  // numeric(10,2), character varying(20)[], timestamp(3) without time zone, app."Mood"
  std::optional<Type> read_type() {
    if (peek(1).kind == TokenKind::kSymbol && peek(1).text == ".") place_ += 2;
    const Token first = peek();
    if (first.kind != TokenKind::kWord && first.kind != TokenKind::kQuotedName) return std::nullopt;
    ++place_;
    std::string name = first.text;
    if (first.kind == TokenKind::kWord) {
      name += read_type_words();
      name += read_modifier();
      name += read_type_words();
    }
    if (take_symbol("[")) {
      if (!take_symbol("]")) return std::nullopt;
      name += "[]";
    }
    Type type = known_type(name);
    if (type.kind == TypeKind::kOther && type.base != "tsvector") return std::nullopt;
    return type;
  }

  std::string read_type_words() {
    static constexpr std::array<std::string_view, 6> kWords = {"varying", "precision", "with",
                                                               "without", "time",      "zone"};
    std::string words;
    while (peek().kind == TokenKind::kWord &&
           std::find(kWords.begin(), kWords.end(), peek().text) != kWords.end()) {
      words += ' ' + peek().text;
      ++place_;
    }
    return words;
  }

  std::string read_modifier() {
    if (!take_symbol("(")) return "";
    std::string modifier = "(";
    while (peek().kind != TokenKind::kEnd && !is(TokenKind::kSymbol, ")")) {
      modifier += peek().text;
      ++place_;
    }
    take_symbol(")");
    return modifier + ")";
  }

  // An enum's labels are known by the table's columns.
  Type known_type(const std::string& name) const {
    for (const Column& column : table_.columns) {
      if (column.type.kind != TypeKind::kEnum) continue;
      const std::string_view own = column.type.name;
      const auto point = own.rfind('.');
      const auto bare = point == std::string_view::npos ? own : own.substr(point + 1);
      if (bare == name || bare == '"' + name + '"') return column.type;
    }
    return make_type(name);
  }

  const Table& table_;
  const std::vector<Token> tokens_;
  std::size_t place_ = 0;
  int depth_ = 0;
};

}  // namespace

NodePtr parse(const Table& table, std::string_view text) {
  auto tokens = tokens_of(text);
  return tokens ? Parser(table, *std::move(tokens)).parse() : nullptr;
}

}  // namespace holdfast::cache::expression
