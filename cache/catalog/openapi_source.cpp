#include "cache/catalog/openapi_source.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "cache/catalog/document.h"
#include "gateway/http/json.h"

namespace holdfast::cache {
namespace {

using Json = nlohmann::ordered_json;  // columns stand in their order in the table

// Stands for a default that the description does not show: no expression that anybody knows.
constexpr const char* kHiddenDefault = "hidden_default()";

const Json& member(const Json& object, const char* name) {
  static const Json none;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? *found : none;
}

std::string text_of(const Json& object, const char* name) {
  const Json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : "";
}

// The attribute of the mark that PostgREST puts into a column's description, such as table in
// <fk table='users' column='id'/>.
std::optional<std::string> mark(const std::string& description, const std::string& tag,
                                const std::string& attribute) {
  const auto start = description.rfind("<" + tag + " ");
  if (start == std::string::npos) return std::nullopt;
  const std::string before = attribute + "='";
  const auto from = description.find(before, start);
  if (from == std::string::npos) return std::nullopt;
  const auto end = description.find('\'', from + before.size());
  if (end == std::string::npos) return std::nullopt;
  return description.substr(from + before.size(), end - from - before.size());
}

// A column's comment, without the note on its keys.
std::string comment_of(const std::string& description) {
  if (description.starts_with("Note:\n")) return "";
  return description.substr(0, description.find("\n\nNote:\n"));
}

// PostgREST 14.8 on names integers as OpenAPI does: int32 is smallint, too.
std::string type_of_format(const std::string& format) {
  if (format == "int32") return "integer";
  return format == "int64" ? "bigint" : format;
}

bool is_integer(const std::string& type) {
  return type == "smallint" || type == "integer" || type == "bigint";
}

bool looks_computed(const std::string& text) {
  const bool calls = text.find('(') != std::string::npos;
  const bool casts = text.find("::") != std::string::npos;
  const bool keyword =
      !text.empty() && text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string::npos;
  return calls || casts || keyword;
}

// PostgREST shows the text of an expression and that of a literal alike.
std::string default_expression(const Json& value) {
  if (!value.is_string()) return value.is_null() ? kHiddenDefault : value.dump();
  auto text = value.get<std::string>();
  if (looks_computed(text)) return text;
  std::string literal = "'";
  for (const char c : text) literal.append(c == '\'' ? 2 : 1, c);
  return literal + '\'';
}

struct ForeignMark {
  std::string column;
  std::string table;
  std::string ref_column;
};

// One relation's definition on its way to the form of catalog.sql.
class Relation {
 public:
  Relation(std::string schema, std::string name, const Json& definition, const Json& path)
      : schema_(std::move(schema)), name_(std::move(name)), definition_(definition), path_(path) {
    for (const auto& column : member(definition, "required")) {
      if (column.is_string()) required_.push_back(column.get<std::string>());
    }
    for (const auto& [column, property] : member(definition, "properties").items()) {
      const std::string description = text_of(property, "description");
      if (description.find("<pk/>") != std::string::npos) key_.push_back(column);
      const auto table = mark(description, "fk", "table");
      const auto ref_column = mark(description, "fk", "column");
      if (table && ref_column) marks_.push_back({column, *table, *ref_column});
    }
  }

  const std::string& name() const { return name_; }
  const std::vector<std::string>& key() const { return key_; }

  // `others` are the relations of the same schema, by name.
  nlohmann::json print(const std::map<std::string, const Relation*>& others) const {
    nlohmann::json json = {{"schema", schema_},
                           {"name", name_},
                           {"kind", is_table() ? "table" : "view"},
                           {"comment", text_of(definition_, "description")},
                           {"columns", columns()},
                           {"row_security", is_table()}};
    if (!is_table()) {
      json["accepts"] = accepted();
      return json;
    }
    json["triggers"] = 1;
    if (!key_.empty()) json["primary_key"] = {{"name", name_ + "_pkey"}, {"columns", key_}};
    json["foreign_keys"] = foreign_keys(others);
    return json;
  }

 private:
  bool is_required(const std::string& column) const {
    return std::ranges::find(required_, column) != required_.end();
  }
  bool is_key(const std::string& column) const {
    return std::ranges::find(key_, column) != key_.end();
  }

  // Postgres has no NOT NULL on the columns of a view, while PostgREST shows the keys of both.
  bool is_table() const {
    if (key_.empty()) return !required_.empty();
    return std::ranges::all_of(key_, [&](const auto& column) { return is_required(column); });
  }

  nlohmann::json accepted() const {
    nlohmann::json accepted = nlohmann::json::array();
    if (path_.contains("post")) accepted.push_back("insert");
    if (path_.contains("patch")) accepted.push_back("update");
    if (path_.contains("delete")) accepted.push_back("delete");
    return accepted;
  }

  nlohmann::json columns() const {
    nlohmann::json columns = nlohmann::json::array();
    for (const auto& [name, property] : member(definition_, "properties").items()) {
      columns.push_back(column(name, property));
    }
    return columns;
  }

  nlohmann::json column(const std::string& name, const Json& property) const {
    std::string type = type_of_format(text_of(property, "format"));
    nlohmann::json json = {{"name", name},
                           {"nullable", !is_required(name)},
                           {"byte_order", false},
                           {"comment", comment_of(text_of(property, "description"))}};
    const Json& labels = member(property, "enum");
    if (labels.is_array() && !labels.empty()) {
      json["enum"] = labels;
      // "shop.mood": a type of a served schema is known by its name alone.
      if (type.starts_with(schema_ + ".")) {
        json["type_schema"] = schema_;
        type.erase(0, schema_.size() + 1);
      }
    }
    const Json& length = member(property, "maxLength");
    const bool sized = type == "character varying" || type == "character";
    if (sized && length.is_number_integer()) type += "(" + length.dump() + ")";
    const Json& shown = member(property, "default");
    const bool counted = is_table() && is_key(name) && is_integer(type) && shown.is_null();
    if (counted) json["identity"] = "d";
    if (is_table() && !counted) json["default"] = default_expression(shown);
    json["type"] = std::move(type);
    return json;
  }

  // The columns that lead to one table belong together when they lead to its whole key.
  nlohmann::json foreign_keys(const std::map<std::string, const Relation*>& others) const {
    std::map<std::string, std::vector<const ForeignMark*>> by_table;
    for (const ForeignMark& each : marks_) by_table[each.table].push_back(&each);
    nlohmann::json keys = nlohmann::json::array();
    for (const auto& [table, marks] : by_table) {
      const auto other = others.find(table);
      if (other == others.end() || !other->second->is_table()) continue;
      if (marks.size() > 1 && leads_to_key(marks, *other->second)) {
        keys.push_back(foreign_key(table, marks));
        continue;
      }
      for (const ForeignMark* each : marks) keys.push_back(foreign_key(table, {each}));
    }
    return keys;
  }

  static bool leads_to_key(const std::vector<const ForeignMark*>& marks, const Relation& other) {
    return marks.size() == other.key().size() &&
           std::ranges::all_of(other.key(), [&](const auto& column) {
             return std::ranges::find(marks, column, &ForeignMark::ref_column) != marks.end();
           });
  }

  // Postgres' own name for a constraint that nobody named.
  nlohmann::json foreign_key(const std::string& table,
                             const std::vector<const ForeignMark*>& marks) const {
    nlohmann::json columns = nlohmann::json::array();
    nlohmann::json ref_columns = nlohmann::json::array();
    std::string name = name_;
    for (const ForeignMark* each : marks) {
      columns.push_back(each->column);
      ref_columns.push_back(each->ref_column);
      name += "_" + each->column;
    }
    return {{"name", name + "_fkey"},
            {"columns", std::move(columns)},
            {"ref_schema", schema_},
            {"ref_table", table},
            {"ref_columns", std::move(ref_columns)}};
  }

  const std::string schema_;
  const std::string name_;
  const Json& definition_;
  const Json& path_;
  std::vector<std::string> required_;
  std::vector<std::string> key_;
  std::vector<ForeignMark> marks_;
};

Result<void> add_relations(const SchemaDescription& description, nlohmann::json& tables) {
  const Json document = http::parse_ordered_json(description.body);
  if (!document.is_object() || text_of(document, "swagger").empty()) {
    return bad_document("it is no OpenAPI description of PostgREST");
  }
  std::vector<Relation> relations;
  for (const auto& [name, definition] : member(document, "definitions").items()) {
    const std::string path = "/" + name;
    relations.emplace_back(description.schema, name, definition,
                           member(member(document, "paths"), path.c_str()));
  }
  std::map<std::string, const Relation*> by_name;
  for (const Relation& relation : relations) by_name.emplace(relation.name(), &relation);
  for (const Relation& relation : relations) tables.push_back(relation.print(by_name));
  return {};
}

}  // namespace

Result<Catalog> catalog_of_openapi(const std::vector<SchemaDescription>& descriptions) {
  nlohmann::json document = {{"version", 1},
                             {"partial", true},
                             {"schemas", nlohmann::json::array()},
                             {"tables", nlohmann::json::array()}};
  for (const SchemaDescription& each : descriptions) {
    document["schemas"].push_back(each.schema);
    HF_TRY_VOID(add_relations(each, document["tables"]));
  }
  if (document["tables"].empty()) return bad_document("it describes no relation");
  return read_catalog(document);
}

}  // namespace holdfast::cache
