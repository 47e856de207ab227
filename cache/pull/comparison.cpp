#include "cache/pull/comparison.h"

#include <algorithm>

#include "cache/replica/key.h"

namespace holdfast::cache {
namespace {

constexpr int kParts = 16;
constexpr std::int64_t kFewPages = 20;  // of a table whose keys are read rather than counted

// Which keys were seen, in 16 bytes for each: a table may have millions.
class SeenKeys {
 public:
  void add(const std::string& key) { hashes_.push_back(hash(key)); }
  void sort() { std::sort(hashes_.begin(), hashes_.end()); }
  bool contains(const std::string& key) const {
    return std::binary_search(hashes_.begin(), hashes_.end(), hash(key));
  }

 private:
  using Hash = std::pair<std::size_t, std::size_t>;
  static Hash hash(const std::string& key) {
    return {std::hash<std::string>{}(key), std::hash<std::string>{}(key + '#')};
  }
  std::vector<Hash> hashes_;
};

}  // namespace

Comparison::Comparison(Part part, ComparisonFindings findings)
    : part_(part), findings_(std::move(findings)), local_(part.store, part.table) {}

std::optional<PullFailure> Comparison::of_stamps() {
  if (!part_.stamp) return of_rows();
  compare_stamps();
  // A count and a stamp say less than the keys, which cost little where they are few.
  if (part_.digests == nullptr && local_summary({}).rows <= kFewPages * part_.small_rows) {
    return compare_rows({});
  }
  return narrow({KeyRange{}});
}

std::optional<PullFailure> Comparison::of_keys() {
  if (!part_.stamp) return of_rows();
  compare_stamps();
  return part_.digests == nullptr ? compare_rows({}) : narrow({KeyRange{}});
}

void Comparison::compare_stamps() {
  whole_rows_ = false;
  columns_ = part_.table.primary_key->columns;
  if (!part_.table.is_key(*part_.stamp)) columns_.push_back(*part_.stamp);
}

std::optional<PullFailure> Comparison::of_rows() {
  whole_rows_ = true;
  columns_ = part_.table.kept_columns();
  // Counts and stamps cannot tell that every value is the same.
  if (part_.digests == nullptr) return compare_rows({});
  return narrow({KeyRange{}});
}

std::optional<PullFailure> Comparison::of_range(const KeyRange& range) {
  whole_rows_ = true;
  columns_ = part_.table.kept_columns();
  return compare_rows(range);
}

std::optional<PullFailure> Comparison::narrow(const std::vector<KeyRange>& ranges) {
  auto asked = upstream_summaries(ranges);
  if (auto* failure = std::get_if<PullFailure>(&asked)) {
    // It answers, and cannot count so many rows in its time.
    if (failure->status >= 500) return compare_each(ranges);
    return std::move(*failure);
  }
  const auto& theirs = std::get<std::vector<RangeSummary>>(asked);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const RangeSummary ours = local_summary(ranges[i]);
    if (ours == theirs[i]) {
      count(ours.rows);
      continue;
    }
    // Cutting goes by the rows here: a range with few of them is read, however many are there.
    const bool small = ours.rows <= part_.small_rows || !has_ranges(part_.table);
    auto parts = small ? std::vector<KeyRange>{} : local_.split(ranges[i], ours.rows, kParts);
    auto failure = parts.size() > 1 ? narrow(parts) : compare_rows(ranges[i]);
    if (failure) return failure;
  }
  return std::nullopt;
}

std::optional<PullFailure> Comparison::compare_each(const std::vector<KeyRange>& ranges) {
  for (const KeyRange& range : ranges) {
    if (auto failure = compare_rows(range)) return failure;
  }
  return std::nullopt;
}

std::variant<std::vector<RangeSummary>, PullFailure> Comparison::upstream_summaries(
    const std::vector<KeyRange>& ranges) {
  if (part_.digests != nullptr) return part_.digests->digests(part_.table, columns_, ranges);
  std::vector<RangeSummary> summaries;
  for (const KeyRange& range : ranges) {
    auto asked = part_.source.summary(*part_.stamp, range);
    if (auto* failure = std::get_if<PullFailure>(&asked)) return std::move(*failure);
    const auto& page = std::get<RowPage>(asked);
    RangeSummary summary;
    summary.rows = page.total.value_or(-1);
    if (!page.rows.empty() && !is_null(page.rows[0][*part_.stamp])) {
      summary.newest = std::get<std::int64_t>(page.rows[0][*part_.stamp]);
    }
    summaries.push_back(summary);
  }
  return summaries;
}

RangeSummary Comparison::local_summary(const KeyRange& range) {
  return part_.digests != nullptr ? local_.hash_of(range, columns_)
                                  : local_.newest_of(range, *part_.stamp);
}

std::optional<PullFailure> Comparison::compare_rows(const KeyRange& range) {
  const std::int64_t first_mark = [&] {
    auto reader = part_.store.reader();
    return part_.store.overlay().acknowledgements(*reader);
  }();
  SeenKeys seen;
  bool lost_a_key = false;
  std::optional<Row> after;
  for (;;) {
    auto fetched = part_.source.by_key(columns_, after, range);
    if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
    auto& page = std::get<RowPage>(fetched);
    if (!page.last) break;
    rows_ += static_cast<std::int64_t>(page.rows.size());
    count(static_cast<std::int64_t>(page.rows.size()));
    std::vector<const Row*> differing;
    for (const Row& row : page.rows) {
      const std::string key = key_of(part_.table, row);
      seen.add(key);
      const auto ours = local_.find(key);
      if (!ours || !same(row, *ours)) differing.push_back(&row);
    }
    for (const UnreadableRow& row : page.unreadable) {
      seen.add(row.key);
      lost_a_key = lost_a_key || row.key.empty();
    }
    if (!page.unreadable.empty()) findings_.unreadable(page.unreadable);
    if (!differing.empty()) findings_.differing(page, differing, whole_rows_, first_mark);
    after = std::move(page.last);
  }
  if (lost_a_key) return std::nullopt;  // whose it is nobody can tell
  seen.sort();
  std::vector<std::string> vanished;
  local_.for_each(range, [&](const std::string& key, const Row&) {
    if (!seen.contains(key)) vanished.push_back(key);
  });
  if (!vanished.empty()) findings_.vanished(vanished, first_mark);
  return std::nullopt;
}

void Comparison::count(std::int64_t rows) const {
  if (part_.progress != nullptr) part_.progress->add(rows);
}

bool Comparison::same(const Row& theirs, const Row& ours) const {
  return std::all_of(columns_.begin(), columns_.end(),
                     [&](std::size_t index) { return theirs[index] == ours[index]; });
}

}  // namespace holdfast::cache
