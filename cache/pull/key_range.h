#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/replica/row.h"

namespace holdfast::cache {

// A part of a table in the order of its keys: from `from` on, before `before`. Each end is a
// beginning of a key (values of its first columns); empty = no end.
struct KeyRange {
  std::vector<Value> from;
  std::vector<Value> before;

  bool whole() const { return from.empty() && before.empty(); }
};

// Whether keys of the table are in the same order here and at the upstream, so that ranges mean
// the same rows.
bool has_ranges(const Table& table);

// Whether a row with these key values lies in the range; only where has_ranges().
bool contains(const KeyRange& range, const std::vector<Value>& key);

// The range that the companion's change log calls `block` (block_of() in companion/holdfast.sql);
// nullopt when keys of the table have no such blocks.
std::optional<KeyRange> range_of_block(const Table& table, const std::string& block);

// A condition of PostgREST's query language for rows that come after `key` in key order (or with
// it, `inclusive`), not yet percent-encoded: "a.gt.1,and(a.eq.1,b.gt.2)", to be put in or().
// `columns` are as many as `key` has values.
std::string following(const Table& table, const std::vector<std::size_t>& columns,
                      const std::vector<Value>& key, bool inclusive = false);
// The same for rows that come before it.
std::string preceding(const Table& table, const std::vector<std::size_t>& columns,
                      const std::vector<Value>& key);

// One end of a range as a JSON object of the key's columns.
std::string print_end(const Table& table, const std::vector<Value>& end);

}  // namespace holdfast::cache
