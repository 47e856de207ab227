#include "cache/replica/key.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "cache/values/codec.h"
#include "gateway/http/uri.h"

namespace holdfast::cache {
namespace {

std::string quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

const Column& key_column(const Table& table, std::size_t position) {
  return table.columns[table.primary_key->columns[position]];
}

// Whether the name can only stand inside and=(…).
bool is_reserved(const std::string& name) {
  constexpr std::array<std::string_view, 8> kReserved = {
      "select", "order", "limit", "offset", "columns", "on_conflict", "and", "or"};
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end() ||
         name.find_first_of("!\"#%&'()*+,./:;<=>?@[\\]^`{|}~") != std::string::npos;
}

std::string tree_parameter(const Column& column, const std::string& test) {
  return "and=" + http::percent_encode("(" + quoted_name(column.name) + "." + test + ")");
}

std::string row_filter(const Table& table, const std::string& key) {
  const auto values = key_values(table, key);
  std::string parameters;
  for (std::size_t i = 0; i < values.size(); ++i) {
    parameters += (i > 0 ? "&" : "") + value_filter(key_column(table, i), values[i]);
  }
  return parameters;
}

std::string list_filter(const Table& table, const std::vector<std::string>& keys) {
  const Column& column = key_column(table, 0);
  std::string list;
  for (const auto& key : keys) {
    if (!list.empty()) list += ',';
    list += filter_literal(column.type, key_values(table, key)[0]);
  }
  if (is_reserved(column.name)) return tree_parameter(column, "in.(" + list + ")");
  return http::percent_encode(column.name) + "=in.(" + http::percent_encode(list) + ")";
}

std::string composite_condition(const Table& table, const std::string& key) {
  const auto values = key_values(table, key);
  std::string condition = "and(";
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Column& column = key_column(table, i);
    if (i > 0) condition += ',';
    condition += quoted_name(column.name) + ".eq." + filter_literal(column.type, values[i]);
  }
  return condition + ")";
}

}  // namespace

std::string key_of(const Table& table, const Row& row) {
  return print_columns(table, row, table.primary_key->columns);
}

std::vector<Value> key_values(const Table& table, std::string_view key) {
  auto row = parse_row(table, key);
  if (!row) throw std::logic_error("a stored key cannot be read: " + row.error().message);
  std::vector<Value> values;
  for (const std::size_t index : table.primary_key->columns) {
    values.push_back(std::move((*row)[index]));
  }
  return values;
}

std::vector<Value> key_values(const Table& table, const Row& row) {
  std::vector<Value> values;
  for (const std::size_t index : table.primary_key->columns) values.push_back(row[index]);
  return values;
}

std::string key_filter(const Table& table, const std::vector<std::string>& keys) {
  // Plain ones where they do: not every server undoes the escapes of values in a tree.
  if (keys.size() == 1) return row_filter(table, keys[0]);
  if (table.primary_key->columns.size() == 1) return list_filter(table, keys);
  std::string conditions;
  for (const auto& key : keys) {
    if (!conditions.empty()) conditions += ',';
    conditions += composite_condition(table, key);
  }
  return "or=" + http::percent_encode("(" + conditions + ")");
}

std::string presence_filter(const Column& column) {
  if (is_reserved(column.name)) return tree_parameter(column, "not.is.null");
  return http::percent_encode(column.name) + "=not.is.null";
}

std::string value_filter(const Column& column, const Value& value) {
  const bool inside = is_reserved(column.name);
  std::string test = "is.null";
  if (!is_null(value)) {
    std::string text;
    print_text(column.type, view(value), text);
    test = "eq." + (inside ? quote(text) : text);
  }
  if (inside) return tree_parameter(column, test);
  return http::percent_encode(column.name) + "=" + http::percent_encode(test);
}

std::string quoted_name(std::string_view column) {
  const bool plain = !column.empty() && std::all_of(column.begin(), column.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return plain ? std::string(column) : quote(column);
}

std::string filter_literal(const Type& type, const Value& value) {
  std::string text;
  print_text(type, view(value), text);
  return quote(text);
}

std::string rest_path(const Table& table) { return "/rest/v1/" + http::percent_encode(table.name); }

std::string name_list(const Table& table, const std::vector<std::size_t>& columns) {
  std::string list;
  for (const std::size_t index : columns) {
    list += list.empty() ? '[' : ',';
    append_json_string(table.columns[index].name, list);
  }
  return list + "]";
}

}  // namespace holdfast::cache
