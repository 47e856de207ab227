#include "cache/values/letter_case.h"

#include <unicode/ucasemap.h>
#include <wctype.h>

#include <algorithm>
#include <map>
#include <memory>

#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

constexpr std::string_view kIcu = "icu/";

locale_t utf8() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::size_t character_size(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return size;
}

char32_t decode(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  char32_t point = character.size() == 1 ? lead : lead & (0xFFU >> (character.size() + 1));
  for (std::size_t i = 1; i < character.size(); ++i) {
    point = (point << 6) | (static_cast<unsigned char>(character[i]) & 0x3FU);
  }
  return point;
}

std::string fold_characters(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto size = character_size(text);
    if (size == 1) {
      out += to_lower(text[0]);
    } else if (size <= 4) {
      append_utf8(lower_case(decode(text.substr(0, size))), out);
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return out;
}

// The rules of one language.
class CaseMap {
 public:
  explicit CaseMap(const std::string& locale) {
    UErrorCode status = U_ZERO_ERROR;
    map_.reset(ucasemap_open(locale.c_str(), 0, &status));
    if (U_FAILURE(status)) map_.reset();
  }

  std::string fold(std::string_view text) const {
    if (map_ == nullptr) return fold_characters(text);
    std::string out(text.size() + text.size() / 2 + 16, '\0');
    for (;;) {
      UErrorCode status = U_ZERO_ERROR;
      const auto size = ucasemap_utf8ToLower(map_.get(), out.data(), static_cast<int>(out.size()),
                                             text.data(), static_cast<int>(text.size()), &status);
      const bool fits = status != U_BUFFER_OVERFLOW_ERROR;
      if (fits && U_FAILURE(status)) return fold_characters(text);
      out.resize(static_cast<std::size_t>(size));
      if (fits) return out;
    }
  }

 private:
  struct Close {
    void operator()(UCaseMap* map) const { ucasemap_close(map); }
  };
  std::unique_ptr<UCaseMap, Close> map_;
};

// `collation` is icu/LOCALE/VERSION.
const CaseMap& case_map(std::string_view collation) {
  thread_local std::map<std::string, CaseMap, std::less<>> maps;
  const auto found = maps.find(collation);
  if (found != maps.end()) return found->second;
  const auto locale = collation.substr(kIcu.size(), collation.rfind('/') - kIcu.size());
  return maps.try_emplace(std::string(collation), std::string(locale)).first->second;
}

// In these languages I has another lower case, or none alone.
bool is_plain_in_ascii(std::string_view collation) {
  const auto language = collation.substr(kIcu.size(), 2);
  return language != "tr" && language != "az" && language != "lt";
}

}  // namespace

std::string fold_case(std::string_view text, std::string_view collation) {
  if (is_ascii_cased(collation)) return to_lower(text);
  if (!collation.starts_with(kIcu)) return fold_characters(text);
  if (is_plain_in_ascii(collation) && is_ascii(text)) return to_lower(text);
  return case_map(collation).fold(text);
}

bool is_ascii_cased(std::string_view collation) { return collation == "C"; }

char32_t lower_case(char32_t c) {
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), utf8()));
}

char32_t upper_case(char32_t c) {
  return static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), utf8()));
}

}  // namespace holdfast::cache
