#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cache/fulltext/query.h"

namespace holdfast::cache::fulltext {

// One piece of a query's text.
struct QueryPiece {
  enum class Kind : std::uint8_t { kOperand, kStop, kNot, kOperator, kOpen, kClose, kEnd };
  Kind kind = Kind::kEnd;
  Node::Kind op = Node::Kind::kAnd;  // of kOperator
  std::uint32_t distance = 1;        // of a phrase operator
  std::string text;                  // of kOperand: still to be parsed into words
  std::uint8_t weights = 0;
  bool prefix = false;
};

// Only the upstream can answer the search.
Error unread(const char* reason);

// Splits the text of to_tsquery() or websearch_to_tsquery() into operands and operators.
// One thread at a time: the planner.
class QueryReader {
 public:
  QueryReader(std::string_view text, bool web) : text_(text), web_(web) {}

  // Errors: as parse_query().
  Result<QueryPiece> next();

 private:
  Result<QueryPiece> next_standard();
  Result<QueryPiece> standard_operand();
  Result<QueryPiece> standard_operator();
  Result<QueryPiece> phrase_operator();
  QueryPiece next_web();
  QueryPiece web_operand();
  QueryPiece web_operator();
  bool take_or();
  Result<std::string> word();
  void take_modifiers(QueryPiece& piece);

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool at_space() const;
  void skip_space();
  Error syntax_error() const;

  std::string_view text_;
  std::size_t at_ = 0;
  bool web_;
  bool wants_operand_ = true;
  bool first_ = true;
  int open_ = 0;
};

}  // namespace holdfast::cache::fulltext
