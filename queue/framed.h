#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace holdfast::queue {

inline void append_framed(std::string_view part, std::string& text) {
  text += std::to_string(part.size());
  text += ':';
  text += part;
}

// The parts as one text to be hashed: no two lists of parts give the same, as each tells its
// length.
inline std::string framed(std::initializer_list<std::string_view> parts) {
  constexpr std::size_t kLength = 21;  // and the colon
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size() + kLength;
  std::string text;
  text.reserve(size);
  for (const std::string_view part : parts) append_framed(part, text);
  return text;
}

}  // namespace holdfast::queue
