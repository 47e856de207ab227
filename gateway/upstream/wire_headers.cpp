#include "gateway/upstream/wire_headers.h"

#include <algorithm>
#include <array>
#include <vector>

namespace holdfast::upstream {
namespace {

using http::equals_ignoring_case;

constexpr std::array<std::string_view, 10> kHopFields = {"Connection",
                                                         "Keep-Alive",
                                                         "Proxy-Connection",
                                                         "Proxy-Authenticate",
                                                         "Proxy-Authorization",
                                                         "TE",
                                                         "Trailer",
                                                         "Transfer-Encoding",
                                                         "Upgrade",
                                                         "Host"};

constexpr std::array<std::string_view, 2> kUriFields = {"Content-Location", "Location"};

template <typename Names>
bool contains(const Names& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view candidate) {
    return equals_ignoring_case(candidate, name);
  });
}

bool stands_in_a_uri(unsigned char c) {
  return c > ' ' && c < 0x7f &&
         std::string_view("\"<>\\^`{|}").find(static_cast<char>(c)) == std::string_view::npos;
}

}  // namespace

bool belongs_to_the_hop(std::string_view name) {
  return contains(kHopFields, name) || equals_ignoring_case(name, "Content-Length");
}

http::Headers end_to_end(const http::Headers& headers) {
  const auto named = headers.list("Connection");
  http::Headers kept;
  for (const auto& [name, value] : headers) {
    if (!belongs_to_the_hop(name) && !contains(named, name)) kept.add(name, value);
  }
  return kept;
}

std::string repair_value(std::string_view name, std::string value) {
  const bool uri = contains(kUriFields, name);
  const auto stays = [&](unsigned char c) {
    return uri ? stands_in_a_uri(c) : (c >= ' ' && c != 0x7f) || c == '\t';
  };
  if (std::all_of(value.begin(), value.end(), stays)) return value;
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string repaired;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (stays(byte)) {
      repaired += c;
    } else {
      repaired += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return repaired;
}

}  // namespace holdfast::upstream
