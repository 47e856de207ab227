#include "queue/three_way.h"

#include <algorithm>
#include <stdexcept>

#include "cache/replica/row.h"
#include "cache/values/json.h"
#include "cache/values/jsonb.h"
#include "cache/values/sort_key.h"

namespace holdfast::queue {
namespace {

using cache::Row;
using cache::Table;

// nullopt: no document.
std::optional<std::string> document_key(const std::string& json) {
  static const cache::Type jsonb = cache::make_type("jsonb");
  const auto canonical = cache::canonical_jsonb(json);
  if (!canonical) return std::nullopt;
  return cache::sort_key(jsonb, std::string_view(*canonical));
}

}  // namespace

cache::Row with_changes(const cache::Table& table, const std::string& changes, cache::Row row) {
  if (const auto merged = cache::merge_row(table, changes, row); !merged) {
    throw std::runtime_error("a stored change cannot be read: " + merged.error().message);
  }
  return row;
}

NamedColumns named_columns(const Table& table, const std::string& object) {
  NamedColumns named;
  const auto body = cache::parse_body(object);
  if (!body || body->rows.empty()) return named;
  for (const auto& [name, token] : body->rows[0]) {
    const auto index = table.column_index(name);
    if (index) named.known.push_back(*index);
    if (!index) named.unknown = name;
  }
  return named;
}

std::optional<Row> stored_row(const Table& table, const std::optional<std::string>& text) {
  if (!text || text->empty()) return std::nullopt;
  auto row = cache::parse_row(table, *text);
  if (!row) throw std::runtime_error("a stored row cannot be read: " + row.error().message);
  return *std::move(row);
}

bool is_same(const cache::Column& column, const cache::Value& one, const cache::Value& other) {
  if (one == other) return true;
  // An answer does not tell them apart.
  const auto is_nothing = [&](const cache::Value& value) {
    return cache::is_null(value) || cache::is_json_null(column, value);
  };
  if (is_nothing(one) && is_nothing(other)) return true;
  const auto* text = std::get_if<std::string>(&one);
  const auto* other_text = std::get_if<std::string>(&other);
  if (text == nullptr || other_text == nullptr) return false;
  switch (column.type.kind) {
    case cache::TypeKind::kNumeric:
      return cache::sort_key(column.type, cache::view(one)) ==
             cache::sort_key(column.type, cache::view(other));
    case cache::TypeKind::kJson:
    case cache::TypeKind::kJsonb: {
      const auto key = document_key(*text);
      return key && key == document_key(*other_text);
    }
    default:
      return false;
  }
}

std::vector<std::size_t> changed_columns(const Table& table, const std::string& changes,
                                         const std::optional<Row>& base) {
  auto columns = named_columns(table, changes).known;
  if (!base) return columns;
  const Row local = with_changes(table, changes, *base);
  std::erase_if(columns, [&](std::size_t column) {
    const cache::Column& named = table.columns[column];
    return named.kept && is_same(named, local[column], (*base)[column]);
  });
  return columns;
}

std::vector<std::size_t> restated_columns(const Table& table, const VersionColumns& columns,
                                          const std::string& changes, const Row& base) {
  auto restated = named_columns(table, changes).known;
  const auto changed = changed_columns(table, changes, base);
  std::erase_if(restated, [&](std::size_t column) {
    return table.is_key(column) || columns.bookkeeping(column) ||
           std::find(changed.begin(), changed.end(), column) != changed.end();
  });
  return restated;
}

std::vector<std::size_t> overwritten_columns(const Table& table, const std::string& changes) {
  auto columns = named_columns(table, changes).known;
  std::erase_if(columns, [&](std::size_t column) {
    return table.is_key(column) || !table.columns[column].kept;
  });
  return columns;
}

bool is_overtaken(const Table& table, const RowWrite& upsert, const std::optional<Row>& now) {
  const auto base = stored_row(table, upsert.base);
  if (!now) return base.has_value();
  const auto differs = [&](std::size_t column) {
    return !is_same(table.columns[column], (*base)[column], (*now)[column]);
  };
  for (const auto& name : upsert.found_by) {
    const auto column = table.column_index(name);
    if (!base || !column || differs(*column)) return false;
  }
  const auto columns = overwritten_columns(table, upsert.changes);
  return base && std::any_of(columns.begin(), columns.end(), differs);
}

ThreeWay compare_three_ways(const Table& table, const VersionColumns& columns,
                            const std::string& changes, const std::optional<Row>& base,
                            const Row& remote) {
  const Row local = with_changes(table, changes, base ? *base : remote);
  ThreeWay result;
  for (const std::size_t column : changed_columns(table, changes, base)) {
    const cache::Column& named = table.columns[column];
    if (is_same(named, local[column], remote[column])) continue;
    // What nobody saw here cannot be told to have changed.
    const bool theirs = !base || (named.kept && !is_same(named, remote[column], (*base)[column]));
    if (theirs && !columns.bookkeeping(column)) {
      result.collisions.push_back(column);
    } else {
      result.ours.push_back(column);
    }
  }
  return result;
}

std::string keep_columns(const Table& table, const std::string& changes,
                         const std::vector<std::size_t>& kept) {
  const auto body = cache::parse_body(changes);
  if (!body || body->rows.empty()) return "{}";
  cache::RawObject members = body->rows[0];
  std::erase_if(members, [&](const auto& member) {
    const auto index = table.column_index(member.first);
    return !index || std::find(kept.begin(), kept.end(), *index) == kept.end();
  });
  return cache::print_object(members);
}

}  // namespace holdfast::queue
