#include "cache/replica/row.h"

#include <numeric>

#include "cache/values/codec.h"

namespace holdfast::cache {
namespace {

Result<void> assign(const Table& table, const RawObject& object, Row& row) {
  for (const auto& [name, token] : object) {
    const auto index = table.column_index(name);
    if (!index) continue;
    HF_TRY(row[*index], parse_json(table.columns[*index].type, token));
  }
  return {};
}

}  // namespace

std::string relation_of(const Table& table) { return table.schema + "." + table.name; }

std::string print_row(const Table& table, const Row& row) {
  std::vector<std::size_t> all(table.columns.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return print_columns(table, row, all);
}

std::string print_columns(const Table& table, const Row& row,
                          const std::vector<std::size_t>& columns) {
  std::string out = "{";
  for (const std::size_t index : columns) {
    if (out.size() > 1) out += ',';
    append_json_string(table.columns[index].name, out);
    out += ':';
    print_json(table.columns[index].type, view(row[index]), out);
  }
  out += '}';
  return out;
}

std::string print_kept_row(const Table& table, const Row& row) {
  return print_columns(table, row, table.kept_columns());
}

Result<Row> parse_row(const Table& table, std::string_view object) {
  Row row(table.columns.size(), Null{});
  HF_TRY_VOID(merge_row(table, object, row));
  return row;
}

Result<std::vector<Row>> parse_rows(const Table& table, std::string_view json) {
  HF_TRY(const RawBody body, parse_body(json));
  std::vector<Row> rows;
  for (const RawObject& object : body.rows) {
    Row row(table.columns.size(), Null{});
    HF_TRY_VOID(assign(table, object, row));
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<void> merge_row(const Table& table, std::string_view object, Row& row) {
  HF_TRY(const RawBody body, parse_body(object));
  return assign(table, body.rows.at(0), row);
}

Result<void> merge_kept_row(const Table& table, std::string_view object, Row& row) {
  HF_TRY(const RawBody body, parse_body(object));
  for (const auto& [name, token] : body.rows.at(0)) {
    const auto index = table.column_index(name);
    if (!index) continue;
    if (auto value = parse_json(table.columns[*index].type, token)) {
      row[*index] = *std::move(value);
    }
  }
  return {};
}

}  // namespace holdfast::cache
