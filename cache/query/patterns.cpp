#include "cache/query/patterns.h"

namespace holdfast::cache::query {
namespace {

// Characters compared: half a second or so.
constexpr std::size_t kMostWork = 300'000'000;

std::size_t character_size(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return size;
}

// Whether the character at the front of both is the same; the pattern's may be escaped.
bool take_literal(std::string_view& text, std::string_view& pattern) {
  if (pattern[0] == '\\') pattern.remove_prefix(1);
  if (text.empty() || pattern.empty() || text[0] != pattern[0]) return false;
  text.remove_prefix(1);
  pattern.remove_prefix(1);
  return true;
}

// Behind one or more %: Postgres looks for the first character that is to be found behind the %,
// and so meets an escape without a character, unless the text ends before.
bool meets_lone_escape(std::string_view text, std::string_view pattern) {
  while (!pattern.empty() && (pattern[0] == '%' || pattern[0] == '_')) {
    if (pattern[0] == '_') {
      if (text.empty()) return false;
      text.remove_prefix(character_size(text));
    }
    pattern.remove_prefix(1);
  }
  return pattern == "\\";
}

}  // namespace

// Greedy with one point to come back to: only the last % can matter.
Like matches_like(std::string_view text, std::string_view pattern) {
  std::string_view retry_text;
  std::string_view retry_pattern;
  bool can_retry = false;
  std::size_t work = 0;
  while (!text.empty() || !pattern.empty()) {
    if (++work > kMostWork) return Like::kTooLong;
    if (!pattern.empty() && pattern[0] == '%') {
      if (!text.empty() && meets_lone_escape(text, pattern)) return Like::kLoneEscape;
      pattern.remove_prefix(1);
      if (pattern.empty()) return Like::kYes;
      retry_text = text;
      retry_pattern = pattern;
      can_retry = true;
      continue;
    }
    if (!pattern.empty() && pattern[0] == '_' && !text.empty()) {
      pattern.remove_prefix(1);
      text.remove_prefix(character_size(text));
      continue;
    }
    if (pattern == "\\" && !text.empty()) return Like::kLoneEscape;
    if (!pattern.empty() && pattern[0] != '_' && take_literal(text, pattern)) continue;
    if (!can_retry || retry_text.empty()) return Like::kNo;
    retry_text.remove_prefix(character_size(retry_text));
    text = retry_text;
    pattern = retry_pattern;
  }
  return Like::kYes;
}

}  // namespace holdfast::cache::query
