#include "cache/pull/parity.h"

#include <algorithm>
#include <map>
#include <set>

#include "cache/pull/comparison.h"
#include "cache/replica/key.h"

namespace holdfast::cache {
namespace {

using Kind = RowDifference::Kind;

std::vector<std::string> differing_columns(const Table& table, const Row& ours, const Row& theirs) {
  std::vector<std::string> names;
  for (const std::size_t i : table.kept_columns()) {
    if (ours[i] != theirs[i]) names.push_back(table.columns[i].name);
  }
  return names;
}

// The keys that a comparison finds to differ, in either direction.
std::variant<std::set<std::string>, PullFailure> suspects(Store& store, const Table& table,
                                                          TableSource& source, ChangeLog* digests,
                                                          ProgressCount& progress, bool& more) {
  std::set<std::string> keys;
  const auto add = [&](const std::string& key) {
    if (keys.size() >= TableParity::kMostDifferences) {
      more = true;
    } else {
      keys.insert(key);
    }
  };
  Comparison comparison(
      {store, table, std::nullopt, source, digests, &progress},
      {[&](const RowPage&, const std::vector<const Row*>& rows, bool, std::int64_t) {
         for (const Row* row : rows) add(key_of(table, *row));
       },
       [&](const std::vector<std::string>& vanished, std::int64_t) {
         for (const std::string& key : vanished) add(key);
       },
       [&](const std::vector<UnreadableRow>& rows) {
         for (const UnreadableRow& row : rows) add(row.key);
       }});
  if (auto failure = comparison.of_rows()) return *std::move(failure);
  return keys;
}

// As both sides are now.
std::optional<RowDifference> difference(const Table& table, const std::string& key,
                                        const std::optional<Row>& ours, const Row* theirs) {
  if (!ours && theirs == nullptr) return std::nullopt;
  if (!ours) return RowDifference{Kind::kMissingHere, key, {}};
  if (theirs == nullptr) return RowDifference{Kind::kMissingUpstream, key, {}};
  auto columns = differing_columns(table, *ours, *theirs);
  if (columns.empty()) return std::nullopt;
  return RowDifference{Kind::kOther, key, std::move(columns)};
}

std::optional<PullFailure> look_again(Store& store, const Table& table, TableSource& source,
                                      const std::set<std::string>& keys, TableParity& parity) {
  LocalRows local(store, table);
  for (auto next = keys.begin(); next != keys.end();) {
    std::vector<std::string> some;
    while (next != keys.end() && some.size() < kKeysInRequest) {
      if (!next->empty()) some.push_back(*next);
      ++next;
    }
    auto fetched = source.of_keys(some);
    if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
    const auto& page = std::get<RowPage>(fetched);
    std::map<std::string, const Row*> found;
    for (const Row& row : page.rows) found.emplace(key_of(table, row), &row);
    for (const UnreadableRow& row : page.unreadable) {
      parity.differences.push_back({Kind::kMissingHere, row.key, {}});
    }
    for (const std::string& key : some) {
      const bool unreadable = std::any_of(page.unreadable.begin(), page.unreadable.end(),
                                          [&](const UnreadableRow& row) { return row.key == key; });
      if (unreadable) continue;
      const auto theirs = found.find(key);
      auto one =
          difference(table, key, local.find(key), theirs == found.end() ? nullptr : theirs->second);
      if (one) parity.differences.push_back(*std::move(one));
    }
  }
  return std::nullopt;
}

// Of rows without a key: which there are more often on one side.
std::optional<PullFailure> compare_copies(Store& store, const Table& table, TableSource& source,
                                          TableParity& parity) {
  const auto columns = table.kept_columns();
  auto fetched = source.unordered(columns);
  if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
  std::map<std::string, std::int64_t> surplus;
  for (const Row& row : std::get<RowPage>(fetched).rows) {
    ++surplus[print_columns(table, row, columns)];
  }
  auto reader = store.reader();
  store.overlay().rows(table).for_each(*reader, [&](const Row& row) {
    ++parity.rows;
    --surplus[print_columns(table, row, columns)];
  });
  for (const auto& [row, count] : surplus) {
    if (count == 0) continue;
    parity.differences.push_back(
        {count > 0 ? Kind::kMissingHere : Kind::kMissingUpstream, row, {}});
  }
  return std::nullopt;
}

}  // namespace

std::int64_t rows_to_compare(Store& store, const Table& table) {
  if (store.status(table) != TableStatus::kComplete) return 0;
  auto reader = store.reader();
  return store.overlay().rows(table).count(*reader);
}

TableParity compare_with_upstream(Store& store, const Table& table, TableSource source,
                                  ChangeLog* digests, ProgressCount& progress) {
  TableParity parity;
  parity.table = relation_of(table);
  const TableStatus status = store.status(table);
  if (status == TableStatus::kDenied) {
    parity.not_compared = "the principal may not read it";
  } else if (status != TableStatus::kComplete) {
    parity.not_compared = "it is not replicated, or not completely";
  }
  if (parity.not_compared) return parity;
  if (!table.primary_key) {
    parity.failure = compare_copies(store, table, source, parity);
    progress.add(parity.rows);
    return parity;
  }
  std::set<std::string> here;
  const bool some = store.part(table).max_rows > 0;
  LocalRows(store, table).for_each({}, [&](const std::string& key, const Row&) {
    ++parity.rows;
    if (some) here.insert(key);
  });
  // Where not all rows are kept, those that are have to be right.
  auto keys =
      some ? std::move(here) : suspects(store, table, source, digests, progress, parity.more);
  if (auto* failure = std::get_if<PullFailure>(&keys)) {
    parity.failure = std::move(*failure);
  } else {
    parity.failure =
        look_again(store, table, source, std::get<std::set<std::string>>(keys), parity);
    if (some) progress.add(parity.rows);
  }
  return parity;
}

}  // namespace holdfast::cache
