#include "cache/query/reader.h"

#include <algorithm>

namespace holdfast::cache::query {
namespace {

// As Haskell's show writes a character inside quotes.
std::string shown(char32_t point, char quote) {
  static constexpr const char* kControls[] = {
      "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "a",   "b",   "t",   "n",
      "v",   "f",   "r",   "SO",  "SI",  "DLE", "DC1", "DC2", "DC3", "DC4", "NAK",
      "SYN", "ETB", "CAN", "EM",  "SUB", "ESC", "FS",  "GS",  "RS",  "US"};
  if (point < 0x20) return std::string("\\") + kControls[point];
  if (point == 0x7F) return "\\DEL";
  if (point > 0x7F) return "\\" + std::to_string(static_cast<unsigned>(point));
  const char c = static_cast<char>(point);
  return c == quote || c == '\\' ? std::string("\\") + c : std::string(1, c);
}

std::string quoted(std::string_view ascii) {
  std::string out = "\"";
  for (const char c : ascii) out += shown(static_cast<unsigned char>(c), '"');
  return out + '"';
}

// Line and column, from 1, as the parser counts them: a tab goes to the next multiple of 8.
std::pair<int, int> line_and_column(std::string_view before) {
  int line = 1;
  int column = 1;
  for (const char c : before) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if (c == '\t') {
      column += 8 - (column - 1) % 8;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++column;
    }
  }
  return {line, column};
}

}  // namespace

Reader::Peeked Reader::peek() const {
  if (at_end()) return {0, 0};
  const auto lead = static_cast<unsigned char>(text_[position_]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || position_ + size > text_.size()) return {0xFFFD, 1};
  char32_t point = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text_[position_ + i]);
    if ((next & 0xC0) != 0x80) return {0xFFFD, 1};
    point = (point << 6) | (next & 0x3FU);
  }
  return {point, size};
}

void Reader::advance(std::size_t size) {
  position_ += size;
  forget_trouble();
}

void Reader::Trouble::merge(const Trouble& other) {
  if (!other.known) return;
  if (!known || other.at > at) {
    *this = other;
    return;
  }
  if (other.at < at) return;
  if (found == kNothing) found = other.found;
  if (token == kNothing) token = other.token;
  for (std::size_t i = 0; i < other.expected_count; ++i) expect(other.expected[i]);
}

void Reader::Trouble::expect(const Expectation& expectation) {
  const auto end = expected.begin() + static_cast<std::ptrdiff_t>(expected_count);
  if (expected_count == kMaxExpected || std::find(expected.begin(), end, expectation) != end)
    return;
  expected[expected_count++] = expectation;
}

std::string Reader::Trouble::expected_words() const {
  std::string out;
  for (std::size_t i = 0; i < expected_count; ++i) {
    const Expectation& one = expected[i];
    if (i > 0) out += i + 1 == expected_count ? " or " : ", ";
    out += one.quoted ? quoted(one.shown()) : std::string(one.shown());
  }
  return out;
}

std::string Reader::Trouble::found_words() const {
  if (token != kNothing) return '\'' + shown(token, '\'') + '\'';
  if (found == kEndOfInput) return "end of input";
  return found == kNothing ? std::string() : '"' + shown(found, '"') + '"';
}

void Reader::note(std::size_t at, char32_t found, char32_t token) {
  if (trouble_.known && trouble_.at > at) return;
  if (!trouble_.known || trouble_.at < at) {
    trouble_.at = at;
    trouble_.known = true;
    trouble_.found = found;
    trouble_.token = token;
    trouble_.expected_count = 0;
    return;
  }
  if (trouble_.found == kNothing) trouble_.found = found;
  if (trouble_.token == kNothing) trouble_.token = token;
}

bool Reader::unexpected_here() {
  if (!keeps_errors_) return false;
  const auto [point, size] = peek();
  note(position_, size == 0 ? kEndOfInput : point, kNothing);
  return false;
}

bool Reader::unexpected_here(const Expectation& expectation) {
  if (!keeps_errors_) return false;
  unexpected_here();
  if (trouble_.at == position_) trouble_.expect(expectation);
  return false;
}

bool Reader::unexpected_token(char32_t point, std::size_t at) {
  if (!keeps_errors_) return false;
  note(at, kNothing, point);
  return false;
}

bool Reader::refuse() {
  if (!keeps_errors_) return false;
  note(position_, kNothing, kNothing);
  return false;
}

bool Reader::character(char wanted) {
  if (!at_end() && text_[position_] == wanted) {
    advance(1);
    return true;
  }
  return unexpected_here({.text = {}, .character = wanted, .quoted = true});
}

bool Reader::text(std::string_view wanted) {
  std::size_t matched = 0;
  while (matched < wanted.size() && position_ + matched < text_.size() &&
         text_[position_ + matched] == wanted[matched]) {
    ++matched;
  }
  if (matched == wanted.size()) {
    advance(matched);
    return true;
  }
  if (!keeps_errors_) {
    advance(matched);
    return false;
  }
  // The trouble stands where the text began, but shows the character that was wrong.
  const std::size_t start = position_;
  position_ += matched;
  const auto [point, size] = peek();
  position_ = start;
  if (matched > 0) advance(matched);
  note(start, size == 0 ? kEndOfInput : point, kNothing);
  if (trouble_.at == start) trouble_.expect({.text = wanted, .character = 0, .quoted = true});
  return false;
}

bool Reader::not_ahead(char unwanted) {
  if (!at_end() && text_[position_] == unwanted) {
    return unexpected_token(static_cast<unsigned char>(unwanted), position_ + 1);
  }
  unexpected_here({.text = {}, .character = unwanted, .quoted = true});
  return true;
}

bool Reader::text_ignoring_case(std::string_view wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [this](char c) {
    if (character(c)) return true;
    if (c < 'a' || c > 'z') return false;
    return character(static_cast<char>(c - 'a' + 'A'));
  });
}

bool Reader::end() {
  return named("end of input", [this] {
    if (!at_end()) return unexpected_token(peek().point, position_);
    // It was looked for all the same, and what fails next at this place says so.
    unexpected_here();
    return true;
  });
}

void Reader::blanks() {
  while (any_of([](char32_t c) { return c == ' ' || c == '\t'; })) {
  }
}

bool Reader::enter() {
  if (++depth_ <= kMaxDepth) return true;
  too_deep_ = true;
  return refuse();
}

Error Reader::error(std::string_view subject) const {
  const std::size_t at = std::min(trouble_.at, text_.size());
  const auto [line, column] = line_and_column(text_.substr(0, at));
  std::string message = "\"" + std::string(subject) + "\" (line " + std::to_string(line) +
                        ", column " + std::to_string(column) + ")";
  if (too_deep_) {
    return invalid_request("PGRST100", std::move(message),
                           "nested deeper than " + std::to_string(kMaxDepth) + " levels");
  }
  std::string details;
  if (const auto found = trouble_.found_words(); !found.empty()) details = "unexpected " + found;
  if (trouble_.expected_count > 0) {
    details += (details.empty() ? "expecting " : " expecting ") + trouble_.expected_words();
  }
  if (details.empty()) details = "unknown parse error";
  return invalid_request("PGRST100", std::move(message), std::move(details));
}

}  // namespace holdfast::cache::query
