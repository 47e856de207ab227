#include "cache/pull/key_range.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "cache/replica/key.h"
#include "cache/values/codec.h"

namespace holdfast::cache {
namespace {

constexpr std::int64_t kBlockRows = 1024;

bool same_order(const Column& column) {
  switch (column.type.kind) {
    case TypeKind::kInt2:
    case TypeKind::kInt4:
    case TypeKind::kInt8:
    case TypeKind::kUuid:
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return true;
    case TypeKind::kText:
      // character(n) is padded, which not every comparison sees.
      return column.byte_order && column.type.base != "character";
    default:
      return false;
  }
}

// Key values of the kinds above: integers or texts.
int compare_values(const Value& a, const Value& b) {
  if (const auto* number = std::get_if<std::int64_t>(&a)) {
    const std::int64_t other = std::get<std::int64_t>(b);
    return *number < other ? -1 : *number > other;
  }
  return std::get<std::string>(a).compare(std::get<std::string>(b));
}

// Below, at or above 0; a shorter end is equal to all keys that begin with it.
int compare(const std::vector<Value>& key, const std::vector<Value>& end) {
  for (std::size_t i = 0; i < end.size(); ++i) {
    if (const int order = compare_values(key[i], end[i]); order != 0) return order;
  }
  return 0;
}

// Rows beyond `key`, by `last` ("gt", "gte", "lt") at its last column and its strict form before.
std::string beyond(const Table& table, const std::vector<std::size_t>& columns,
                   const std::vector<Value>& key, const std::string& last, std::size_t at = 0) {
  const Column& column = table.columns[columns[at]];
  const std::string name = quoted_name(column.name);
  const std::string literal = filter_literal(column.type, key[at]);
  if (at + 1 == key.size()) return name + "." + last + "." + literal;
  return name + "." + last.substr(0, 2) + "." + literal + ",and(" + name + ".eq." + literal +
         ",or(" + beyond(table, columns, key, last, at + 1) + "))";
}

std::string first_uuid(const std::string& digits) {
  constexpr std::array<std::size_t, 4> kDashes = {8, 13, 18, 23};
  std::string text = digits + std::string(32 - digits.size(), '0');
  for (const std::size_t at : kDashes) text.insert(at, 1, '-');
  return text;
}

// "000" to "ffe" have a block after them.
std::optional<std::string> next_prefix(std::string digits) {
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    if (*digit != 'f') {
      *digit = *digit == '9' ? 'a' : static_cast<char>(*digit + 1);
      return digits;
    }
    *digit = '0';
  }
  return std::nullopt;
}

std::optional<KeyRange> block_of_integers(const std::string& block) {
  std::int64_t number = 0;
  const char* end = block.data() + block.size();
  const auto read = std::from_chars(block.data(), end, number);
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max() / kBlockRows - 1;
  if (read.ec != std::errc() || read.ptr != end || number > kLargest || number < -kLargest) {
    return std::nullopt;
  }
  return KeyRange{{number * kBlockRows}, {(number + 1) * kBlockRows}};
}

std::optional<KeyRange> block_of_uuids(const std::string& block) {
  if (block.size() != 3 || block.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return std::nullopt;
  }
  KeyRange range{{first_uuid(block)}, {}};
  if (const auto next = next_prefix(block)) range.before = {first_uuid(*next)};
  return range;
}

}  // namespace

bool has_ranges(const Table& table) {
  const auto& key = table.primary_key->columns;
  return std::all_of(key.begin(), key.end(),
                     [&](std::size_t index) { return same_order(table.columns[index]); });
}

bool contains(const KeyRange& range, const std::vector<Value>& key) {
  return compare(key, range.from) >= 0 && (range.before.empty() || compare(key, range.before) < 0);
}

std::optional<KeyRange> range_of_block(const Table& table, const std::string& block) {
  switch (table.columns[table.primary_key->columns[0]].type.kind) {
    case TypeKind::kInt2:
    case TypeKind::kInt4:
    case TypeKind::kInt8:
      return block_of_integers(block);
    case TypeKind::kUuid:
      return block_of_uuids(block);
    default:
      return std::nullopt;
  }
}

std::string following(const Table& table, const std::vector<std::size_t>& columns,
                      const std::vector<Value>& key, bool inclusive) {
  return beyond(table, columns, key, inclusive ? "gte" : "gt");
}

std::string preceding(const Table& table, const std::vector<std::size_t>& columns,
                      const std::vector<Value>& key) {
  return beyond(table, columns, key, "lt");
}

std::string print_end(const Table& table, const std::vector<Value>& end) {
  std::string out = "{";
  for (std::size_t i = 0; i < end.size(); ++i) {
    const Column& column = table.columns[table.primary_key->columns[i]];
    if (i > 0) out += ',';
    append_json_string(column.name, out);
    out += ':';
    print_json(column.type, view(end[i]), out);
  }
  return out + "}";
}

}  // namespace holdfast::cache
