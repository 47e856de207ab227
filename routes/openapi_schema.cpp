#include "routes/openapi_schema.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cache/query/relationships.h"
#include "gateway/http/json.h"

namespace holdfast::routes {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kTypes = {{
    {"character varying", "string"},
    {"character", "string"},
    {"text", "string"},
    {"boolean", "boolean"},
    {"smallint", "integer"},
    {"integer", "integer"},
    {"bigint", "integer"},
    {"numeric", "number"},
    {"real", "number"},
    {"double precision", "number"},
}};

std::string_view trim_quotes(std::string_view text) {
  while (text.starts_with('\'')) text.remove_prefix(1);
  while (text.ends_with('\'')) text.remove_suffix(1);
  return text;
}

// An identifier as Postgres prints it.
std::string quoted_identifier(const std::string& name) {
  const bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
                     name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == name.npos;
  if (plain) return name;
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

// As Postgres prints it where no schema is searched.
std::string format_of(const cache::Table& table, const cache::Column& column) {
  const std::string& type = column.type.base;
  std::string schema = column.type_schema;
  // A bundle does not say where its enums live: beside their table.
  if (schema.empty() && !column.type.labels.empty()) schema = table.schema;
  if (schema.empty()) return type;
  const std::string prefix = quoted_identifier(schema) + ".";
  return type.starts_with(prefix) ? type : prefix + type;
}

// A default that is a plain value, as PostgREST finds it: by looking at the expression's text.
std::optional<Json> default_value(const cache::Column& column, const std::string& format) {
  if (!column.default_expression || column.generated != cache::Generated::kNo) return std::nullopt;
  std::string text = *column.default_expression;
  if (openapi_type(format) == "string") {
    for (const std::string& type : {format, column.type.base}) {
      if (!text.ends_with("::" + type)) continue;
      text.resize(text.size() - type.size() - 2);
      text = trim_quotes(text);
      break;
    }
    text = '"' + text + '"';
  }
  Json value = http::parse_ordered_json(text);
  return value.is_discarded() ? std::nullopt : std::optional(std::move(value));
}

struct ParentColumn {
  std::string table;
  std::string column;
};

// What the foreign key of this one column leads to: a table before a view.
std::optional<ParentColumn> parent_of(const std::vector<cache::query::Relationship>& parents,
                                      std::size_t column) {
  for (const auto& parent : parents) {
    if (parent.columns.size() != 1 || parent.columns[0].first != column) continue;
    return ParentColumn{parent.target->name, parent.target->columns[parent.columns[0].second].name};
  }
  return std::nullopt;
}

std::optional<std::string> column_description(const cache::Column& column, bool is_key,
                                              const std::optional<ParentColumn>& parent) {
  std::string note;
  if (is_key) note += "\nThis is a Primary Key.<pk/>";
  if (parent) {
    note += "\nThis is a Foreign Key to `" + parent->table + "." + parent->column +
            "`.<fk table='" + parent->table + "' column='" + parent->column + "'/>";
  }
  if (note.empty()) {
    return column.comment.empty() ? std::nullopt : std::optional(column.comment);
  }
  return (column.comment.empty() ? "" : column.comment + "\n\n") + "Note:" + note;
}

Json property(const cache::Table& table, const cache::Column& column,
              std::optional<std::string> description) {
  const std::string format = format_of(table, column);
  Json node;
  if (auto value = default_value(column, format)) node["default"] = *std::move(value);
  if (description) node["description"] = *std::move(description);
  node.update(value_schema(format));
  if (column.type.length >= 0) node["maxLength"] = column.type.length;
  if (!column.type.labels.empty() && column.type.kind == cache::TypeKind::kEnum) {
    node["enum"] = column.type.labels;
  }
  return node;
}

}  // namespace

std::optional<std::string> openapi_type(std::string_view type) {
  if (type == "json" || type == "jsonb") return std::nullopt;
  for (const auto& [known, name] : kTypes) {
    if (known == type) return std::string(name);
  }
  return type.ends_with("[]") ? "array" : "string";
}

std::string openapi_format(const std::string& type) {
  if (type == "smallint" || type == "integer") return "int32";
  return type == "bigint" ? "int64" : type;
}

Json value_schema(const std::string& type) {
  Json json;
  json["format"] = openapi_format(type);
  const auto name = openapi_type(type);
  if (name) json["type"] = *name;
  if (name == "array") {
    json["items"] = Json::object();
    const auto element = openapi_type(std::string_view(type).substr(0, type.size() - 2));
    if (element) json["items"]["type"] = *element;
  }
  return json;
}

Json relation_definition(const cache::Catalog& catalog, const cache::Table& table) {
  const auto key = cache::query::primary_key_columns(catalog, table);
  const auto parents = cache::query::RelationshipFinder(catalog).parents(table);
  Json json;
  if (!table.comment.empty()) json["description"] = table.comment;
  Json required = Json::array();
  Json properties = Json::object();
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const cache::Column& column = table.columns[i];
    if (!column.nullable) required.push_back(column.name);
    const bool is_key = std::ranges::find(key, i) != key.end();
    properties[column.name] =
        property(table, column, column_description(column, is_key, parent_of(parents, i)));
  }
  if (!required.empty()) json["required"] = std::move(required);
  if (!properties.empty()) json["properties"] = std::move(properties);
  json["type"] = "object";
  return json;
}

Json arguments_definition(const cache::Function& function) {
  Json json;
  if (!function.comment.empty()) json["description"] = function.comment;
  Json required = Json::array();
  Json properties = Json::object();
  for (const auto& argument : function.arguments) {
    if (!argument.has_default) required.push_back(argument.name);
    properties[argument.name] = value_schema(argument.type);
  }
  if (!required.empty()) json["required"] = std::move(required);
  if (!properties.empty()) json["properties"] = std::move(properties);
  json["type"] = "object";
  return json;
}

Comment split_comment(const std::string& comment) {
  if (comment.empty()) return {};
  const auto end = comment.find('\n');
  Comment parts{comment.substr(0, end), std::nullopt};
  if (end == std::string::npos) return parts;
  const auto rest = comment.find_first_not_of('\n', end);
  if (rest != std::string::npos) parts.description = comment.substr(rest);
  return parts;
}

}  // namespace holdfast::routes
