#include "gateway/http/uri.h"

namespace holdfast::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += c == '+' && plus_is_space ? ' ' : c;
    }
  }
  return out;
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string percent_decode(std::string_view text) { return decode(text, false); }
std::string query_decode(std::string_view text) { return decode(text, true); }

std::string percent_encode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 0x0f];
    }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view raw_query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!raw_query.empty()) {
    const auto ampersand = raw_query.find('&');
    const auto part = raw_query.substr(0, ampersand);
    if (!part.empty()) {
      const auto equals = part.find('=');
      pairs.emplace_back(
          query_decode(part.substr(0, equals)),
          equals == std::string_view::npos ? std::string() : query_decode(part.substr(equals + 1)));
    }
    raw_query =
        ampersand == std::string_view::npos ? std::string_view() : raw_query.substr(ampersand + 1);
  }
  return pairs;
}

std::string query_parameter(std::string_view raw_query, std::string_view name) {
  for (auto& [key, value] : parse_query(raw_query)) {
    if (key == name) return std::move(value);
  }
  return "";
}

std::optional<std::string> replace_values(
    std::string_view raw_query,
    const std::function<std::optional<std::string>(const std::string& value)>& replace) {
  std::string rewritten;
  bool changed = false;
  while (!raw_query.empty()) {
    const auto end = raw_query.find('&');
    const std::string_view parameter = raw_query.substr(0, end);
    raw_query = end == std::string_view::npos ? std::string_view() : raw_query.substr(end + 1);
    const auto equals = parameter.find('=');
    std::optional<std::string> other;
    if (equals != std::string_view::npos)
      other = replace(query_decode(parameter.substr(equals + 1)));
    if (!rewritten.empty()) rewritten += '&';
    rewritten += parameter.substr(0, other ? equals + 1 : parameter.size());
    if (other) rewritten += percent_encode(*other);
    changed = changed || other;
  }
  return changed ? std::optional(std::move(rewritten)) : std::nullopt;
}

}  // namespace holdfast::http
