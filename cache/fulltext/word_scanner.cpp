#include "cache/fulltext/word_scanner.h"

namespace holdfast::cache::fulltext {
namespace {

constexpr int kMaxDepth = 1500;
constexpr std::size_t kMaxSteps = 4'000'000;

bool is_compound(TokenKind kind) {
  return kind == TokenKind::kAsciiCompound || kind == TokenKind::kCompound ||
         kind == TokenKind::kNumCompound;
}

}  // namespace

std::string_view WordScanner::slice(std::size_t from, std::size_t to) const {
  const auto offset = [&](std::size_t at) {
    return at < characters_.size() ? characters_[at].offset : text_.size();
  };
  return text_.substr(offset(from), offset(to) - offset(from));
}

std::optional<std::vector<Token>> WordScanner::run() {
  std::size_t at = 0;
  while (at < characters_.size() && !unsure_) {
    const Found found = token(at);
    emit(found, at);
    at = found.end;
    // Digits behind a compound keep no sign.
    if (is_compound(found.kind) && peek(at) == '-' && is_digit(peek(at + 1))) ++at;
  }
  if (unsure_) return std::nullopt;
  return std::move(tokens_);
}

bool WordScanner::enter() {
  if (++steps_ > kMaxSteps || depth_ > kMaxDepth) unsure_ = true;
  return !unsure_;
}

bool WordScanner::joins(char32_t c) {
  if (may_join(c)) unsure_ = true;
  return false;
}

void WordScanner::emit(const Found& found, std::size_t from) {
  if (found.kind == TokenKind::kIgnored) return;
  tokens_.push_back({found.kind, slice(from, found.end)});
  if (is_compound(found.kind)) emit_parts(from, found.end);
  if (found.kind == TokenKind::kUrl) emit_url(from, found.end);
}

void WordScanner::emit_parts(std::size_t from, std::size_t end) {
  while (from < end) {
    std::size_t to = from;
    bool ascii = true;
    bool letters = true;
    while (to < end && peek(to) != '-') {
      ascii = ascii && is_ascii_letter(peek(to));
      letters = letters && is_letter(peek(to));
      ++to;
    }
    const TokenKind kind = ascii     ? TokenKind::kAsciiPart
                           : letters ? TokenKind::kPart
                                     : TokenKind::kNumPart;
    tokens_.push_back({kind, slice(from, to)});
    from = to + 1;
  }
}

void WordScanner::emit_url(std::size_t from, std::size_t end) {
  want_host_ = true;
  const Found host = token(from);
  want_host_ = false;
  tokens_.push_back({TokenKind::kHost, slice(from, host.end)});
  tokens_.push_back({TokenKind::kUrlPath, slice(host.end, end)});
}

WordScanner::Found WordScanner::token(std::size_t at) {
  const char32_t c = peek(at);
  if (c == '<') markup(at + 1);
  if (is_ascii_letter(c)) return ascii_word(at + 1);
  if (is_letter(c)) return word(at + 1);
  if (is_digit(c)) return unsigned_number(at + 1);
  Match match;
  if (c == '-' || c == '+') match = attempt(&WordScanner::signed_first, at + 1);
  if (c == '&') match = attempt(&WordScanner::entity_first, at + 1);
  if (c == '~') match = attempt(&WordScanner::file_of_home, at + 1);
  if (c == '/') match = attempt(&WordScanner::file_first, at + 1);
  if (c == '.') match = attempt(&WordScanner::path_begin, at + 1);
  return match ? *match : space(at + 1);
}

void WordScanner::markup(std::size_t at) {
  const char32_t c = peek(at);
  if (is_ascii_letter(c) || c == '/' || c == '!' || c == '?' || c == ':' || c == '_') {
    unsure_ = true;
  }
}

WordScanner::Found WordScanner::space(std::size_t at) {
  for (;; ++at) {
    const char32_t c = peek(at);
    const bool stops = c == kEnd || c == '<' || c == '-' || c == '+' || c == '&' || c == '/';
    if (stops || is_alphanumeric(c)) return {TokenKind::kIgnored, at};
  }
}

WordScanner::Found WordScanner::ascii_word(std::size_t at) {
  while (is_ascii_letter(peek(at))) ++at;
  const char32_t c = peek(at);
  Match match;
  if (c == '.') {
    match = attempt(&WordScanner::domain_first, at + 1);
    if (!match) match = attempt(&WordScanner::file_next, at + 1);
  } else if (c == '-') {
    match = attempt(&WordScanner::host_first, at + 1);
    if (!match) match = attempt(&WordScanner::ascii_compound_first, at + 1);
  } else if (c == '_') {
    match = attempt(&WordScanner::host_first, at + 1);
  } else if (c == '@') {
    match = attempt(&WordScanner::email, at + 1);
  } else if (c == ':') {
    match = protocol(at + 1);
  } else if (c == '/') {
    match = attempt(&WordScanner::file_first, at + 1);
  } else if (is_digit(c)) {
    match = attempt(&WordScanner::host, at + 1);
    if (!match) return num_word(at + 1);
  } else if (is_letter(c)) {
    return word(at + 1);
  } else {
    joins(c);
  }
  return match ? *match : Found{TokenKind::kAsciiWord, at};
}

WordScanner::Found WordScanner::word(std::size_t at) {
  while (is_letter(peek(at))) ++at;
  const char32_t c = peek(at);
  if (is_digit(c)) return num_word(at + 1);
  Match match;
  if (c == '-') match = attempt(&WordScanner::compound_first, at + 1);
  joins(c);
  return match ? *match : Found{TokenKind::kWord, at};
}

WordScanner::Found WordScanner::num_word(std::size_t at) {
  while (is_alphanumeric(peek(at))) ++at;
  const char32_t c = peek(at);
  Match match;
  if (c == '@') match = attempt(&WordScanner::email, at + 1);
  if (c == '/') match = attempt(&WordScanner::file_first, at + 1);
  if (c == '.') match = attempt(&WordScanner::file_next, at + 1);
  if (c == '-') match = attempt(&WordScanner::num_compound_first, at + 1);
  joins(c);
  return match ? *match : Found{TokenKind::kNumWord, at};
}

WordScanner::Found WordScanner::unsigned_number(std::size_t at) {
  while (is_digit(peek(at))) ++at;
  const char32_t c = peek(at);
  Match match;
  if (c == '.') {
    match = attempt(&WordScanner::domain_first, at + 1);
    if (!match && is_digit(peek(at + 1))) return unsigned_decimal(at + 2);
  }
  if (c == 'e' || c == 'E') match = exponent(at + 1);
  if (c == '-' || c == '_') match = attempt(&WordScanner::host_first, at + 1);
  if (c == '@') match = attempt(&WordScanner::email, at + 1);
  if (!match && is_ascii_letter(c)) match = attempt(&WordScanner::host, at + 1);
  if (!match && is_letter(c)) return num_word(at + 1);
  if (c == '/') match = attempt(&WordScanner::file_first, at + 1);
  joins(c);
  return match ? *match : Found{TokenKind::kUnsigned, at};
}

WordScanner::Match WordScanner::signed_first(std::size_t at) {
  if (!is_digit(peek(at))) return std::nullopt;
  while (is_digit(peek(at))) ++at;
  Match match;
  if (peek(at) == '.' && is_digit(peek(at + 1))) {
    at += 2;
    while (is_digit(peek(at))) ++at;
    // The sign then stands before a version.
    if (peek(at) == '.' && is_digit(peek(at + 1))) return std::nullopt;
    if (peek(at) == 'e' || peek(at) == 'E') match = exponent(at + 1);
    return match ? match : Found{TokenKind::kDecimal, at};
  }
  if (peek(at) == 'e' || peek(at) == 'E') match = exponent(at + 1);
  return match ? match : Found{TokenKind::kSigned, at};
}

WordScanner::Found WordScanner::unsigned_decimal(std::size_t at) {
  while (is_digit(peek(at))) ++at;
  if (peek(at) == '.' && is_digit(peek(at + 1))) return version(at + 2);
  Match match;
  if (peek(at) == 'e' || peek(at) == 'E') match = exponent(at + 1);
  return match ? *match : Found{TokenKind::kDecimal, at};
}

WordScanner::Found WordScanner::version(std::size_t at) {
  while (is_digit(peek(at)) || (peek(at) == '.' && is_digit(peek(at + 1)))) ++at;
  return {TokenKind::kVersion, at};
}

WordScanner::Match WordScanner::exponent(std::size_t at) {
  if (peek(at) == '+' || peek(at) == '-') ++at;
  if (!is_digit(peek(at))) return std::nullopt;
  while (is_digit(peek(at))) ++at;
  return Found{TokenKind::kScientific, at};
}

WordScanner::Match WordScanner::ascii_compound_first(std::size_t at) {
  if (is_ascii_letter(peek(at))) return ascii_compound(at + 1);
  return compound_first(at);
}

WordScanner::Match WordScanner::ascii_compound(std::size_t at) {
  while (is_ascii_letter(peek(at))) ++at;
  const char32_t c = peek(at);
  if (is_letter(c)) return compound(at + 1);
  if (is_digit(c)) return num_compound(at + 1);
  joins(c);
  if (c == '-') {
    if (const Match longer = attempt(&WordScanner::ascii_compound_first, at + 1)) return longer;
  }
  return Found{TokenKind::kAsciiCompound, at};
}

WordScanner::Match WordScanner::compound_first(std::size_t at) {
  if (is_letter(peek(at))) return compound(at + 1);
  return num_compound_of_digits(at);
}

WordScanner::Match WordScanner::compound(std::size_t at) {
  while (is_letter(peek(at))) ++at;
  const char32_t c = peek(at);
  if (is_digit(c)) return num_compound(at + 1);
  joins(c);
  if (c == '-') {
    if (const Match longer = attempt(&WordScanner::compound_first, at + 1)) return longer;
  }
  return Found{TokenKind::kCompound, at};
}

WordScanner::Match WordScanner::num_compound_first(std::size_t at) {
  if (is_letter(peek(at))) return num_compound(at + 1);
  return num_compound_of_digits(at);
}

WordScanner::Match WordScanner::num_compound_of_digits(std::size_t at) {
  if (!is_digit(peek(at))) return std::nullopt;
  while (is_digit(peek(at))) ++at;
  joins(peek(at));
  return is_letter(peek(at)) ? num_compound(at + 1) : std::nullopt;
}

WordScanner::Match WordScanner::num_compound(std::size_t at) {
  while (is_alphanumeric(peek(at))) ++at;
  const char32_t c = peek(at);
  joins(c);
  if (c == '-') {
    if (const Match longer = attempt(&WordScanner::num_compound_first, at + 1)) return longer;
  }
  return Found{TokenKind::kNumCompound, at};
}

std::optional<std::vector<Token>> parse_words(std::string_view text) {
  return WordScanner(text).run();
}

}  // namespace holdfast::cache::fulltext
