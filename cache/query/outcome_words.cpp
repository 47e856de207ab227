#include "cache/query/outcome_words.h"

#include <array>

namespace holdfast::cache::query {
namespace {

constexpr char kSeparator = '\x1F';
constexpr std::string_view kMark = "hf-outcome\x1F";

}  // namespace

std::string encode_outcome(const Error& error) {
  std::string words(kMark);
  words += static_cast<char>('0' + static_cast<int>(error.kind));
  for (const auto& part :
       {error.code, error.message, error.details.value_or(""), error.hint.value_or("")}) {
    words += kSeparator;
    words += part;
  }
  return words;
}

std::optional<Error> decode_outcome(std::string_view words) {
  if (!words.starts_with(kMark)) return std::nullopt;
  words.remove_prefix(kMark.size());
  std::array<std::string_view, 5> parts;
  for (auto& part : parts) {
    const auto end = std::min(words.find(kSeparator), words.size());
    part = words.substr(0, end);
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  Error error;
  error.kind = static_cast<ErrorKind>(parts[0].empty() ? 0 : parts[0][0] - '0');
  error.code = parts[1];
  error.message = parts[2];
  if (!parts[3].empty()) error.details = parts[3];
  if (!parts[4].empty()) error.hint = parts[4];
  return error;
}

}  // namespace holdfast::cache::query
