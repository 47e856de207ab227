#include "cache/query/suggestions.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace holdfast::cache::query {
namespace {

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above + 1, row[j - 1] + 1, replaced});
      diagonal = above;
    }
  }
  return row[b.size()];
}

using Grams = std::map<std::string, int>;

// Groups of `size` characters of the text between dashes; what is no letter, digit or comma is
// skipped.
Grams grams(std::string_view text, std::size_t size) {
  std::string plain = "-";
  for (const char c : text) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ',' || c == ' ' ||
                      c == '_' || static_cast<unsigned char>(c) >= 0x80;
    if (kept) plain += c;
  }
  plain += '-';
  while (plain.size() < size) plain += '-';
  Grams out;
  for (std::size_t i = 0; i + size <= plain.size(); ++i) ++out[plain.substr(i, size)];
  return out;
}

double norm(const Grams& all) {
  double sum = 0;
  for (const auto& [gram, count] : all) sum += static_cast<double>(count) * count;
  return std::sqrt(sum);
}

double similarity(const Grams& a, const Grams& b) {
  double product = 0;
  for (const auto& [gram, count] : a) {
    const auto found = b.find(gram);
    if (found != b.end()) product += static_cast<double>(count) * found->second;
  }
  return product / (norm(a) * norm(b));
}

// The best by edit distance among those that share groups of `size` enough.
std::optional<std::string> closest_by(const std::vector<std::string>& names,
                                      const std::string& wanted, std::size_t size, double least) {
  const Grams wanted_grams = grams(wanted, size);
  std::optional<std::string> best;
  double best_score = 0;
  for (const auto& name : names) {
    const std::string other = lowered(name);
    if (similarity(wanted_grams, grams(other, size)) <= 0) continue;
    const auto longest = static_cast<double>(std::max(wanted.size(), other.size()));
    const double score = 1 - static_cast<double>(edit_distance(wanted, other)) / longest;
    if (score >= least && score > best_score) {
      best_score = score;
      best = name;
    }
  }
  return best;
}

}  // namespace

std::optional<std::string> closest_name(const std::vector<std::string>& names,
                                        std::string_view wanted, double least) {
  const std::string lower = lowered(wanted);
  if (auto found = closest_by(names, lower, 3, least)) return found;
  return closest_by(names, lower, 2, least);
}

std::optional<std::string> column_hint(const Table& table, std::string_view table_alias,
                                       std::string_view column) {
  std::size_t best = 4;
  std::vector<const Column*> nearest;
  for (const Column& candidate : table.columns) {
    const std::size_t distance = edit_distance(candidate.name, column);
    if (distance > column.size() / 2 || distance > best || distance > 3) continue;
    if (distance < best) nearest.clear();
    best = distance;
    nearest.push_back(&candidate);
  }
  if (nearest.empty() || nearest.size() > 2) return std::nullopt;
  const std::string alias(table_alias);
  std::string hint =
      "Perhaps you meant to reference the column \"" + alias + "." + nearest[0]->name + "\"";
  if (nearest.size() == 2) hint += " or the column \"" + alias + "." + nearest[1]->name + "\"";
  return hint + ".";
}

}  // namespace holdfast::cache::query
