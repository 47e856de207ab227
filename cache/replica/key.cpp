#include "cache/replica/key.h"

#include <algorithm>
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

std::string single_filter(const Table& table, const std::vector<std::string>& keys) {
  const Column& column = key_column(table, 0);
  const std::string name = http::percent_encode(column.name) + "=";
  if (keys.size() == 1) {
    std::string text;
    print_text(column.type, view(key_values(table, keys[0])[0]), text);
    return name + "eq." + http::percent_encode(text);
  }
  std::string list;
  for (const auto& key : keys) {
    if (!list.empty()) list += ',';
    list += filter_literal(column.type, key_values(table, key)[0]);
  }
  return name + "in.(" + http::percent_encode(list) + ")";
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

std::string key_filter(const Table& table, const std::vector<std::string>& keys) {
  if (table.primary_key->columns.size() == 1) return single_filter(table, keys);
  std::string conditions;
  for (const auto& key : keys) {
    if (!conditions.empty()) conditions += ',';
    conditions += composite_condition(table, key);
  }
  return "or=" + http::percent_encode("(" + conditions + ")");
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

}  // namespace holdfast::cache
