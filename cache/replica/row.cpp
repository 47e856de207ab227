#include "cache/replica/row.h"

#include <numeric>

#include "cache/values/codec.h"

namespace holdfast::cache {
namespace {

// No column has the empty name.
constexpr std::string_view kJsonNulls{};
constexpr const char* kJsonNull = "null";

std::string quoted(const std::string& name) {
  std::string text;
  append_json_string(name, text);
  return text;
}

// `names`: a JSON array.
void assign_json_nulls(const Table& table, std::string_view names, Row& row) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].has_two_nulls()) continue;
    if (names.find(quoted(table.columns[i].name)) != names.npos) row[i] = kJsonNull;
  }
}

// `image`: of the row, as a JSON object.
std::string with_json_nulls(const Table& table, const Row& row, std::string image) {
  std::string nulls;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!is_json_null(table.columns[i], row[i])) continue;
    nulls += (nulls.empty() ? "[" : ",") + quoted(table.columns[i].name);
  }
  if (nulls.empty()) return image;
  image.pop_back();
  return image + ",\"\":" + nulls + "]}";
}

Result<void> assign(const Table& table, const RawObject& object, Row& row) {
  for (const auto& [name, token] : object) {
    if (name == kJsonNulls) assign_json_nulls(table, token, row);
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

std::optional<std::string> print_row(const Table& table, const std::optional<Row>& row) {
  return row ? std::optional(print_row(table, *row)) : std::nullopt;
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

std::string print_image(const Table& table, const Row& row) {
  return with_json_nulls(table, row, print_row(table, row));
}

std::string print_kept_image(const Table& table, const Row& row) {
  return with_json_nulls(table, row, print_kept_row(table, row));
}

bool is_json_null(const Column& column, const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || !column.has_two_nulls()) return false;
  const auto first = text->find_first_not_of(" \t\r\n");
  return first != text->npos && std::string_view(*text).substr(first).starts_with(kJsonNull);
}

bool holds_json_null(const Table& table, const Row& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (is_json_null(table.columns[i], row[i])) return true;
  }
  return false;
}

Result<Row> parse_row(const Table& table, std::string_view object) {
  Row row(table.columns.size(), Null{});
  HF_TRY_VOID(merge_row(table, object, row));
  return row;
}

Result<std::vector<Row>> parse_rows(const Table& table, std::string_view json,
                                    const std::function<void(double part)>& read) {
  HF_TRY(const RawBody body, parse_body(json, BodyKeys::kAny));
  std::vector<Row> rows;
  for (const RawObject& object : body.rows) {
    Row row(table.columns.size(), Null{});
    HF_TRY_VOID(assign(table, object, row));
    rows.push_back(std::move(row));
    if (read) read(static_cast<double>(rows.size()) / static_cast<double>(body.rows.size()));
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
    if (name == kJsonNulls) assign_json_nulls(table, token, row);
    const auto index = table.column_index(name);
    if (!index) continue;
    if (auto value = parse_json(table.columns[*index].type, token)) {
      row[*index] = *std::move(value);
    }
  }
  return {};
}

}  // namespace holdfast::cache
