#include "cache/replica/row_order.h"

#include <map>
#include <set>
#include <string>

#include "cache/values/codec.h"

namespace holdfast::cache {
namespace {

std::string values_of(const Table& table, const Row& row, const std::vector<std::size_t>& columns) {
  std::string values;
  for (const std::size_t column : columns) {
    print_json(table.columns[column].type, view(row[column]), values);
    values += ',';
  }
  return values;
}

// For each row the others that it refers to by `key`.
void add_parents(const Table& table, const ForeignKey& key, const std::vector<Row>& rows,
                 std::vector<std::set<std::size_t>>& parents) {
  std::vector<std::size_t> referenced;
  for (const auto& name : key.ref_columns) {
    const auto index = table.column_index(name);
    if (!index) return;
    referenced.push_back(*index);
  }
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    places.emplace(values_of(table, rows[i], referenced), i);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto parent = places.find(values_of(table, rows[i], key.columns));
    if (parent != places.end() && parent->second != i) parents[i].insert(parent->second);
  }
}

}  // namespace

std::vector<std::size_t> children_first(const Table& table, const std::vector<Row>& rows) {
  std::vector<std::set<std::size_t>> parents(rows.size());
  for (const ForeignKey& key : table.foreign_keys) {
    if (key.ref_schema == table.schema && key.ref_table == table.name) {
      add_parents(table, key, rows, parents);
    }
  }
  std::vector<int> children(rows.size(), 0);
  for (const auto& those : parents) {
    for (const std::size_t parent : those) ++children[parent];
  }
  std::vector<std::size_t> order;
  std::vector<bool> placed(rows.size(), false);
  const auto place = [&](std::size_t row) {
    if (placed[row]) return;
    placed[row] = true;
    order.push_back(row);
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (children[i] == 0) place(i);
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    for (const std::size_t parent : parents[order[at]]) {
      if (--children[parent] == 0) place(parent);
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) place(i);
  return order;
}

}  // namespace holdfast::cache
