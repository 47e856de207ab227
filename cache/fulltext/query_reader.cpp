#include "cache/fulltext/query_reader.h"

#include <charconv>

#include "cache/fulltext/characters.h"
#include "cache/values/codec.h"

namespace holdfast::cache::fulltext {
namespace {

constexpr std::size_t kLongestOperand = 2046;
constexpr std::uint32_t kMaxDistance = 16'384;

bool is_mark(char c) {
  return c == '!' || c == '&' || c == '|' || c == '(' || c == ')' || c == '<';
}

QueryPiece binary(Node::Kind op) {
  QueryPiece piece;
  piece.kind = QueryPiece::Kind::kOperator;
  piece.op = op;
  return piece;
}

QueryPiece piece_of(QueryPiece::Kind kind) {
  QueryPiece piece;
  piece.kind = kind;
  return piece;
}

QueryPiece operand_of(std::string text) {
  QueryPiece piece = piece_of(QueryPiece::Kind::kOperand);
  piece.text = std::move(text);
  return piece;
}

// The character at the front of `text`, and its size.
char32_t point_at(std::string_view text) {
  const auto characters = characters_of(text.substr(0, 4));
  return characters.empty() ? 0 : characters[0].point;
}

std::size_t size_at(std::string_view text) {
  const auto characters = characters_of(text.substr(0, 4));
  return characters.size() > 1 ? characters[1].offset : std::min<std::size_t>(text.size(), 4);
}

}  // namespace

Error unread(const char* reason) {
  return {ErrorKind::kNotAnswerable, kForwardCode, reason, std::nullopt, std::nullopt};
}

Error QueryReader::syntax_error() const {
  return invalid_request("42601", "syntax error in tsquery: \"" + std::string(text_) + "\"");
}

bool QueryReader::at_space() const {
  return at_ < text_.size() && is_space(point_at(text_.substr(at_)));
}

void QueryReader::skip_space() {
  while (at_space()) at_ += size_at(text_.substr(at_));
}

Result<QueryPiece> QueryReader::next() {
  if (web_) return next_web();
  return next_standard();
}

Result<QueryPiece> QueryReader::next_standard() {
  skip_space();
  auto piece = wants_operand_ ? standard_operand() : standard_operator();
  first_ = false;
  return piece;
}

Result<QueryPiece> QueryReader::standard_operand() {
  switch (peek()) {
    case '!':
      ++at_;
      return piece_of(QueryPiece::Kind::kNot);
    case '(':
      ++at_;
      ++open_;
      return piece_of(QueryPiece::Kind::kOpen);
    case ':':
      return syntax_error();
    case '\0':
      if (first_) return piece_of(QueryPiece::Kind::kEnd);
      return invalid_request("42601", "no operand in tsquery: \"" + std::string(text_) + "\"");
    default:
      break;
  }
  HF_TRY(std::string text, word());
  QueryPiece piece = operand_of(std::move(text));
  take_modifiers(piece);
  wants_operand_ = false;
  return piece;
}

Result<QueryPiece> QueryReader::standard_operator() {
  const char c = peek();
  if (c == '\0') {
    return open_ != 0 ? Result<QueryPiece>(syntax_error()) : piece_of(QueryPiece::Kind::kEnd);
  }
  if (c == ')') {
    if (--open_ < 0) return syntax_error();
    ++at_;
    return piece_of(QueryPiece::Kind::kClose);
  }
  wants_operand_ = true;
  if (c == '<') return phrase_operator();
  if (c != '&' && c != '|') return syntax_error();
  ++at_;
  return binary(c == '&' ? Node::Kind::kAnd : Node::Kind::kOr);
}

Result<QueryPiece> QueryReader::phrase_operator() {
  QueryPiece piece = binary(Node::Kind::kPhrase);
  if (text_.substr(at_).starts_with("<->")) {
    at_ += 3;
    return piece;
  }
  const auto digits = text_.substr(at_ + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), piece.distance);
  const auto size = static_cast<std::size_t>(end - digits.data());
  const bool closed = size < digits.size() && digits[size] == '>';
  if (error == std::errc::result_out_of_range || piece.distance > kMaxDistance) {
    return unread("a distance in a text search");
  }
  if (error != std::errc() || !closed) return syntax_error();
  at_ += size + 2;
  return piece;
}

// An operand's text: quoted, or up to a blank or mark, with backslashes.
Result<std::string> QueryReader::word() {
  std::string out;
  if (peek() == '\'') {
    for (++at_; at_ < text_.size(); ++at_) {
      if (peek() == '\'' && peek(1) != '\'') {
        ++at_;
        if (out.size() > kLongestOperand) return unread("a long word in a text search");
        return out;
      }
      if (peek() == '\'' || peek() == '\\') ++at_;
      if (at_ < text_.size()) out += peek();
    }
    return syntax_error();
  }
  if (is_mark(peek())) return syntax_error();
  while (at_ < text_.size() && !at_space() && !is_mark(peek()) && peek() != ':') {
    if (peek() == '\\') ++at_;
    if (at_ >= text_.size()) return unread("an open escape in a text search");
    const std::size_t size = size_at(text_.substr(at_));
    out += text_.substr(at_, size);
    at_ += size;
  }
  if (out.size() > kLongestOperand) return unread("a long word in a text search");
  return out;
}

void QueryReader::take_modifiers(QueryPiece& piece) {
  if (peek() != ':') return;
  for (++at_;; ++at_) {
    const char c = peek();
    if (c == '*') {
      piece.prefix = true;
    } else if ((c >= 'a' && c <= 'd') || (c >= 'A' && c <= 'D')) {
      const int weight = ('d' - (c | 0x20));
      piece.weights = static_cast<std::uint8_t>(piece.weights | (1 << weight));
    } else {
      return;
    }
  }
}

QueryPiece QueryReader::next_web() {
  QueryPiece piece = wants_operand_ ? web_operand() : web_operator();
  first_ = false;
  return piece;
}

QueryPiece QueryReader::web_operand() {
  while (at_ < text_.size() && (at_space() || is_mark(peek()))) {
    at_ += size_at(text_.substr(at_));
    first_ = first_ && !is_mark(text_[at_ - 1]);
  }
  if (at_ >= text_.size()) {
    return piece_of(first_ ? QueryPiece::Kind::kEnd : QueryPiece::Kind::kStop);
  }
  if (peek() == '-') {
    ++at_;
    return piece_of(QueryPiece::Kind::kNot);
  }
  wants_operand_ = false;
  if (peek() == '"') {
    const auto close = std::min(text_.find('"', at_ + 1), text_.size());
    QueryPiece piece = operand_of(std::string(text_.substr(at_ + 1, close - at_ - 1)));
    at_ = std::min(close + 1, text_.size());
    return piece;
  }
  const std::size_t start = at_;
  do {
    at_ += size_at(text_.substr(at_));
  } while (at_ < text_.size() && !at_space() && !is_mark(peek()) && peek() != ':' && peek() != '"');
  return operand_of(std::string(text_.substr(start, at_ - start)));
}

QueryPiece QueryReader::web_operator() {
  while (at_space() || is_mark(peek())) at_ += size_at(text_.substr(at_));
  if (at_ >= text_.size()) return piece_of(QueryPiece::Kind::kEnd);
  wants_operand_ = true;
  if (peek() != '"' && take_or()) return binary(Node::Kind::kOr);
  return binary(Node::Kind::kAnd);
}

// "or" as a word of its own, with something behind it.
bool QueryReader::take_or() {
  const bool spelled = (peek() | 0x20) == 'o' && (peek(1) | 0x20) == 'r';
  if (!spelled) return false;
  std::string_view rest = text_.substr(at_ + 2);
  if (rest.empty()) return false;
  const char32_t next = point_at(rest);
  if (next == '-' || next == '_' || is_alphanumeric(next)) return false;
  do {
    rest.remove_prefix(size_at(rest));
    if (rest.empty()) return false;
  } while (is_space(point_at(rest)));
  at_ += 2;
  return true;
}

}  // namespace holdfast::cache::fulltext
