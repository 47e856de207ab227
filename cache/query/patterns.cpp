#include "cache/query/patterns.h"

#include <wctype.h>

#include <algorithm>

namespace holdfast::cache::query {
namespace {

std::size_t character_size(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return size;
}

void append_utf8(wint_t point, std::string& out) {
  const auto put = [&](unsigned bits) { out += static_cast<char>(bits); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0U | (point >> 6));
    put(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    put(0xE0U | (point >> 12));
    put(0x80U | ((point >> 6) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  } else {
    put(0xF0U | (point >> 18));
    put(0x80U | ((point >> 12) & 0x3FU));
    put(0x80U | ((point >> 6) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  }
}

wint_t decode(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  wint_t point = character.size() == 1 ? lead : lead & (0xFFU >> (character.size() + 1));
  for (std::size_t i = 1; i < character.size(); ++i) {
    point = (point << 6) | (static_cast<unsigned char>(character[i]) & 0x3FU);
  }
  return point;
}

// Whether the character at the front of both is the same; the pattern's may be escaped.
bool take_literal(std::string_view& text, std::string_view& pattern) {
  if (pattern[0] == '\\') pattern.remove_prefix(1);
  if (text.empty() || pattern.empty() || text[0] != pattern[0]) return false;
  text.remove_prefix(1);
  pattern.remove_prefix(1);
  return true;
}

}  // namespace

// Greedy with one point to come back to: only the last % can matter.
std::optional<bool> matches_like(std::string_view text, std::string_view pattern) {
  const auto trailing = pattern.size() - pattern.find_last_not_of('\\') - 1;
  if (trailing % 2 == 1) return std::nullopt;
  std::string_view retry_text;
  std::string_view retry_pattern;
  bool can_retry = false;
  while (!text.empty() || !pattern.empty()) {
    if (!pattern.empty() && pattern[0] == '%') {
      pattern.remove_prefix(1);
      if (pattern.empty()) return true;
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
    if (!pattern.empty() && pattern[0] != '_' && take_literal(text, pattern)) continue;
    if (!can_retry || retry_text.empty()) return false;
    retry_text.remove_prefix(character_size(retry_text));
    text = retry_text;
    pattern = retry_pattern;
  }
  return true;
}

std::string fold_case(std::string_view text) {
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto size = character_size(text);
    const auto character = text.substr(0, size);
    if (size == 1) {
      const char c = text[0];
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (size <= 4) {
      append_utf8(towlower_l(decode(character), utf8), out);
    } else {
      out += character;
    }
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace holdfast::cache::query
