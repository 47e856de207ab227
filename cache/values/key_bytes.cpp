#include "cache/values/key_bytes.h"

namespace holdfast::cache {
namespace {

// Of a finite number without its sign: where its point lies, then its digits.
std::string magnitude_key(std::string_view digits) {
  const auto point = digits.find('.');
  std::string all(digits.substr(0, point));
  auto whole = static_cast<std::int64_t>(all.size());
  if (point != std::string_view::npos) all += digits.substr(point + 1);
  const auto first = all.find_first_not_of('0');
  if (first == std::string::npos) return {};
  whole -= static_cast<std::int64_t>(first);
  const auto last = all.find_last_not_of('0');
  std::string out;
  append_integer_key(whole, out);
  out.append(all, first, last - first + 1);
  return out + '\0';
}

}  // namespace

void append_big_endian(std::uint64_t bits, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out += static_cast<char>((bits >> static_cast<unsigned>(shift)) & 0xFFU);
  }
}

void append_integer_key(std::int64_t value, std::string& out) {
  append_big_endian(static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63U), out);
}

void append_numeric_key(std::string_view digits, std::string& out) {
  if (digits == "NaN") {
    out += '\x06';
  } else if (digits == "Infinity") {
    out += '\x05';
  } else if (digits == "-Infinity") {
    out += '\x01';
  } else {
    const bool negative = digits.starts_with('-');
    std::string key = magnitude_key(negative ? digits.substr(1) : digits);
    if (key.empty()) {
      out += '\x03';
      return;
    }
    for (char& c : key) {
      if (negative) c = static_cast<char>(~c);
    }
    out += negative ? '\x02' : '\x04';
    out += key;
  }
}

}  // namespace holdfast::cache
