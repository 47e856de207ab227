#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "cache/values/codec.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// Whether one of eight bytes does, looked at together: nearly no text has any.
bool any_needs_escape(const char* eight) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kTops = 0x80 * kOnes;
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, eight, sizeof bytes);
  const auto with_zero = [](std::uint64_t x) { return (x - kOnes) & ~x; };
  const std::uint64_t control = (bytes - 0x20 * kOnes) & ~bytes;
  const std::uint64_t quote = with_zero(bytes ^ ('"' * kOnes));
  const std::uint64_t backslash = with_zero(bytes ^ ('\\' * kOnes));
  return ((control | quote | backslash) & kTops) != 0;
}

// The first place from `at` on that needs an escape; the size when there is none.
std::size_t next_escape(std::string_view text, std::size_t at) {
  const std::size_t size = text.size();
  while (at + 8 <= size && !any_needs_escape(text.data() + at)) at += 8;
  // The last bytes together with some that were seen.
  const bool tail = at + 8 > size && at >= 8;
  if (tail && !any_needs_escape(text.data() + size - 8)) return size;
  while (at < text.size() && !needs_escape(text[at])) ++at;
  return at;
}

char short_escape(char c) {
  switch (c) {
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return c == '"' || c == '\\' ? c : '\0';
  }
}

constexpr std::size_t kLongestEscape = 6;

char* put_escape(char c, char* at) {
  *at++ = '\\';
  if (const char letter = short_escape(c); letter != '\0') {
    *at++ = letter;
    return at;
  }
  const auto byte = static_cast<unsigned char>(c);
  at = std::copy_n("u00", 3, at);
  *at++ = kHexDigits[byte >> 4];
  *at++ = kHexDigits[byte & 15];
  return at;
}

}  // namespace

void append_json_string(std::string_view text, TextBuilder& out) {
  out.append('"');
  for (;;) {
    const std::size_t plain = next_escape(text, 0);
    char* at = out.room(plain + kLongestEscape);
    at += text.copy(at, plain);
    if (plain == text.size()) {
      *at++ = '"';
      return out.end_at(at);
    }
    out.end_at(put_escape(text[plain], at));
    text.remove_prefix(plain + 1);
  }
}

void append_json_string(std::string_view text, std::string& out) {
  TextBuilder builder(std::move(out));
  append_json_string(text, builder);
  out = builder.take();
}

}  // namespace holdfast::cache
