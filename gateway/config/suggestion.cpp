#include "gateway/config/suggestion.h"

#include <algorithm>
#include <numeric>

namespace holdfast::config {
namespace {

struct Name {
  std::string_view section;
  std::string_view key;
};

Name split(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {"", name};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

std::size_t distance_of(const Name& unknown, const Name& known) {
  const std::size_t key = edit_distance(unknown.key, known.key);
  // A key is never so misspelt that more than a third of it differs.
  if (key > std::max<std::size_t>(1, known.key.size() / 3)) return std::string::npos;
  const std::size_t section = edit_distance(unknown.section, known.section);
  return key + std::min<std::size_t>(section, key == 0 ? 1 : section);
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_back(b.size() + 1);
  std::vector<std::size_t> previous(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  std::iota(previous.begin(), previous.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({replaced, previous[j] + 1, current[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) current[j] = std::min(current[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

std::string nearest_key(std::string_view unknown, const std::vector<std::string>& known) {
  constexpr std::size_t kFar = 4;
  std::size_t best = kFar;
  std::string nearest;
  for (const std::string& candidate : known) {
    const std::size_t distance = distance_of(split(unknown), split(candidate));
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace holdfast::config
