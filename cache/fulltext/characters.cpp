#include "cache/fulltext/characters.h"

#include <wchar.h>
#include <wctype.h>

namespace holdfast::cache::fulltext {
namespace {

locale_t utf8_locale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

std::size_t size_of(unsigned char lead) {
  if (lead < 0xC0) return 1;
  if (lead < 0xE0) return 2;
  return lead < 0xF0 ? 3 : 4;
}

void append_utf8(char32_t point, std::string& out) {
  const auto put = [&](char32_t bits) { out += static_cast<char>(bits); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0U | (point >> 6));
  } else {
    if (point < 0x10000) {
      put(0xE0U | (point >> 12));
    } else {
      put(0xF0U | (point >> 18));
      put(0x80U | ((point >> 12) & 0x3FU));
    }
    put(0x80U | ((point >> 6) & 0x3FU));
  }
  put(0x80U | (point & 0x3FU));
}

}  // namespace

std::vector<Character> characters_of(std::string_view text) {
  std::vector<Character> characters;
  characters.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    std::size_t size = size_of(lead);
    if (at + size > text.size()) size = 1;
    char32_t point = size == 1 ? lead : lead & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
      point = (point << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    }
    characters.push_back({point, at});
    at += size;
  }
  return characters;
}

bool is_ascii_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }

bool is_letter(char32_t c) {
  return c < 0x80 ? is_ascii_letter(c) : iswalpha_l(static_cast<wint_t>(c), utf8_locale()) != 0;
}

bool is_alphanumeric(char32_t c) {
  return c < 0x80 ? is_ascii_letter(c) || is_digit(c)
                  : iswalnum_l(static_cast<wint_t>(c), utf8_locale()) != 0;
}

bool may_join(char32_t c) {
  if (c < 0x80 || is_alphanumeric(c)) return false;
  const bool latin_punctuation = c < 0x300 && c != 0xAD;
  const bool general_punctuation = (c >= 0x2010 && c <= 0x2027) || (c >= 0x2030 && c <= 0x205E) ||
                                   (c >= 0x20A0 && c <= 0x20CF) || (c >= 0x2100 && c <= 0x2BFF) ||
                                   (c >= 0x2000 && c <= 0x200A) || c == 0x202F;
  const bool wide = (c >= 0x3000 && c <= 0x3029) || (c >= 0xFF01 && c <= 0xFF65) ||
                    (c >= 0x1F300 && c <= 0x1F3FA) || (c >= 0x1F400 && c <= 0x1FAFF);
  return !latin_punctuation && !general_punctuation && !wide;
}

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return iswspace_l(static_cast<wint_t>(c), utf8_locale()) != 0;
}

std::string lowered(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const auto& [point, offset] : characters_of(text)) {
    const auto lower = static_cast<char32_t>(towlower_l(static_cast<wint_t>(point), utf8_locale()));
    append_utf8(lower, out);
  }
  return out;
}

}  // namespace holdfast::cache::fulltext
