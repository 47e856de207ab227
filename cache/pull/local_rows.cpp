#include "cache/pull/local_rows.h"

#include <cstring>

#include "cache/query/sql_text.h"
#include "cache/replica/key.h"
#include "gateway/crypto/digest.h"

namespace holdfast::cache {
namespace {

// "(?1,?2)"
std::string parameters(std::size_t first, std::size_t count) {
  std::string list = "(";
  for (std::size_t i = 0; i < count; ++i) {
    list += (i > 0 ? ",?" : "?") + std::to_string(first + i);
  }
  return list + ")";
}

void bind_ends(Statement& statement, const KeyRange& range) {
  int at = 1;
  for (const Value& value : range.from) statement.bind(at++, value);
  for (const Value& value : range.before) statement.bind(at++, value);
}

// The first 60 bits of SHA-256, as the companion's holdfast.digest_of() takes them.
std::uint64_t hash_of_text(const std::string& text) {
  const auto digest = crypto::sha256(text);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < 8; ++i) hash = hash << 8U | digest[i];
  return hash >> 4U;
}

}  // namespace

LocalRows::LocalRows(Store& store, const Table& table) : store_(store), table_(table) {
  for (const std::size_t index : table.primary_key->columns) {
    key_names_ += (key_names_.empty() ? "" : ",") +
                  query::quote_identifier(table.columns[index].storage_name);
  }
}

std::optional<Row> LocalRows::find(const std::string& key) {
  auto reader = store_.reader();
  return store_.overlay().base_of(*reader, table_, key);
}

void LocalRows::for_each(const KeyRange& range,
                         const std::function<void(const std::string&, const Row&)>& row) {
  auto reader = store_.reader();
  const SetAside pending = set_aside(*reader);
  std::string names;
  for (const Column& column : table_.columns) {
    names += (names.empty() ? "" : ",") + query::quote_identifier(column.storage_name);
  }
  Statement statement(*reader, "SELECT " + names + " FROM " +
                                   query::quote_identifier(table_.storage_name) + where(range));
  bind_ends(statement, range);
  while (statement.step()) {
    Row found;
    found.reserve(table_.columns.size());
    for (int i = 0; i < statement.column_count(); ++i) found.push_back(own(statement.column(i)));
    const std::string key = key_of(table_, found);
    if (!pending.contains(key)) row(key, found);
  }
  for (const auto& [key, image] : pending) {
    if (image && (range.whole() || contains(range, key_values(table_, key)))) row(key, *image);
  }
}

RangeSummary LocalRows::newest_of(const KeyRange& range, std::size_t stamp) {
  RangeSummary summary;
  const auto add = [&](const Value& value) {
    if (is_null(value)) return;
    const std::int64_t time = std::get<std::int64_t>(value);
    summary.newest = std::max(summary.newest.value_or(time), time);
  };
  auto reader = store_.reader();
  if (store_.overlay().has_pending(*reader, table_)) {
    for_each(range, [&](const std::string&, const Row& row) {
      ++summary.rows;
      add(row[stamp]);
    });
    return summary;
  }
  Statement statement(*reader, "SELECT count(*),max(" +
                                   query::quote_identifier(table_.columns[stamp].storage_name) +
                                   ") FROM " + query::quote_identifier(table_.storage_name) +
                                   where(range));
  bind_ends(statement, range);
  statement.step();
  summary.rows = statement.integer(0);
  add(own(statement.column(1)));
  return summary;
}

RangeSummary LocalRows::hash_of(const KeyRange& range, const std::vector<std::size_t>& columns) {
  RangeSummary summary;
  for_each(range, [&](const std::string&, const Row& row) {
    ++summary.rows;
    summary.hash += hash_of_text(print_columns(table_, row, columns));
  });
  return summary;
}

std::vector<KeyRange> LocalRows::split(const KeyRange& range, std::int64_t rows, int parts) {
  std::vector<KeyRange> ranges;
  KeyRange rest = range;
  const std::int64_t step = std::max<std::int64_t>(1, (rows + parts - 1) / parts);
  while (static_cast<int>(ranges.size()) + 1 < parts) {
    auto cut = key_at(rest, step);
    if (!cut) break;
    ranges.push_back({rest.from, *cut});
    rest.from = *std::move(cut);
  }
  ranges.push_back(std::move(rest));
  return ranges;
}

std::optional<std::vector<Value>> LocalRows::key_at(const KeyRange& range, std::int64_t position) {
  auto reader = store_.reader();
  Statement statement(*reader, "SELECT " + key_names_ + " FROM " +
                                   query::quote_identifier(table_.storage_name) + where(range) +
                                   " ORDER BY " + key_names_ + " LIMIT 1 OFFSET " +
                                   std::to_string(position));
  bind_ends(statement, range);
  if (!statement.step()) return std::nullopt;
  std::vector<Value> key;
  for (int i = 0; i < statement.column_count(); ++i) key.push_back(own(statement.column(i)));
  return key;
}

std::string LocalRows::where(const KeyRange& range) const {
  const auto names = [&](std::size_t count) {
    std::string list = "(";
    for (std::size_t i = 0; i < count; ++i) {
      list += (i > 0 ? "," : "") +
              query::quote_identifier(table_.columns[table_.primary_key->columns[i]].storage_name);
    }
    return list + ")";
  };
  std::string sql = " WHERE true";
  if (!range.from.empty()) {
    sql += " AND " + names(range.from.size()) + ">=" + parameters(1, range.from.size());
  }
  if (!range.before.empty()) {
    sql += " AND " + names(range.before.size()) + "<" +
           parameters(1 + range.from.size(), range.before.size());
  }
  return sql;
}

LocalRows::SetAside LocalRows::set_aside(Database& reader) const {
  SetAside pending;
  Statement statement(reader, "SELECT key, image FROM hf_pending_base WHERE relation=?1");
  statement.bind(1, std::string_view(relation_of(table_)));
  while (statement.step()) {
    std::optional<Row> image;
    if (!statement.is_null(1)) image = parse_row(table_, statement.text(1)).value();
    pending.emplace(statement.text(0), std::move(image));
  }
  return pending;
}

}  // namespace holdfast::cache
