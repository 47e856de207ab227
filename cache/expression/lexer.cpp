#include "cache/expression/lexer.h"

#include <algorithm>

#include "cache/values/text.h"

namespace holdfast::cache::expression {
namespace {

bool is_word_part(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
// One token at a time; what cannot be read ends the text and is told by failed().
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Token next() {
    while (!text_.empty() && is_space(text_.front())) text_.remove_prefix(1);
    if (text_.empty()) return {};
    const char c = text_.front();
    if (c == '"') return {TokenKind::kQuotedName, quoted('"')};
    if (c == '\'') return {TokenKind::kString, quoted('\'')};
    if (is_digit(c)) return {TokenKind::kNumber, number()};
    if (is_word_part(c)) return {TokenKind::kWord, to_lower(taken(is_word_part))};
    if (text_.starts_with("::")) return {TokenKind::kSymbol, cut(2)};
    if (is_operator_part(c)) return {TokenKind::kSymbol, taken(is_operator_part)};
    return {TokenKind::kSymbol, cut(1)};
  }
  bool failed() const { return failed_; }

 private:
  std::string cut(std::size_t count) {
    std::string part(text_.substr(0, count));
    text_.remove_prefix(count);
    return part;
  }
  std::string taken(bool (*belongs)(char)) {
    const auto end = std::find_if_not(text_.begin(), text_.end(), belongs);
    return cut(static_cast<std::size_t>(end - text_.begin()));
  }
  std::string number() {
    std::string digits = taken(is_digit);
    if (text_.starts_with('.')) {
      digits += cut(1);
      digits += taken(is_digit);
    }
    return digits;
  }
  // A doubled quote stands for one.
  std::string quoted(char quote) {
    std::string content;
    text_.remove_prefix(1);
    for (;;) {
      const auto end = text_.find(quote);
      if (end == std::string_view::npos) {
        failed_ = true;
        text_ = {};
        return content;
      }
      content += cut(end);
      text_.remove_prefix(1);
      if (!text_.starts_with(quote)) return content;
      content += cut(1);
    }
  }

  std::string_view text_;
  bool failed_ = false;
};

}  // namespace

bool is_operator_part(char c) {
  return std::string_view("+-*/<>=~!@#%^&|?").find(c) != std::string_view::npos;
}

std::optional<std::vector<Token>> tokens_of(std::string_view text) {
  Lexer lexer(text);
  std::vector<Token> tokens;
  do tokens.push_back(lexer.next());
  while (tokens.back().kind != TokenKind::kEnd);
  if (lexer.failed()) return std::nullopt;
  return tokens;
}

}  // namespace holdfast::cache::expression
