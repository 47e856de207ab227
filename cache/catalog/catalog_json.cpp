#include <nlohmann/json.hpp>

#include "cache/catalog/catalog.h"
#include "cache/catalog/document.h"

namespace holdfast::cache {
namespace {

using Json = nlohmann::ordered_json;

Volatility read_volatility(const Node& node) {
  const std::string name = node.text_or_empty();
  if (name == "immutable") return Volatility::kImmutable;
  if (name == "stable") return Volatility::kStable;
  if (!name.empty() && name != "volatile") node.note("unknown volatility \"" + name + "\"");
  return Volatility::kVolatile;
}

Argument read_argument(const Node& node) {
  Argument argument;
  argument.name = node.member("name").text_or_empty();
  argument.type = node.member("type").text();
  argument.has_default = node.member("default").flag_or(false);
  argument.variadic = node.member("variadic").flag_or(false);
  const std::vector<std::string> relation = node.member("row_of").texts();
  if (relation.size() == 2) argument.row_of = RelationName{relation[0], relation[1]};
  return argument;
}

Function read_function(const Node& node) {
  Function function;
  function.schema = node.member("schema").text();
  function.name = node.member("name").text();
  for (const Node& item : node.member("arguments").items()) {
    function.arguments.push_back(read_argument(item));
  }
  function.volatility = read_volatility(node.member("volatility"));
  function.returns = node.member("returns").text_or_empty();
  function.returns_set = node.member("returns_set").flag_or(false);
  const Node roles = node.member("roles");
  if (!roles.is_null()) function.roles = roles.texts();
  function.comment = node.member("comment").text_or_empty();
  return function;
}

MediaHandler read_media_handler(const Node& node) {
  MediaHandler handler;
  handler.media_type = node.member("media_type").text();
  const std::vector<std::string> relation = node.member("relation").texts();
  if (relation.size() == 2) handler.relation = RelationName{relation[0], relation[1]};
  return handler;
}

// `session` with what the node says instead.
Session read_session(const Node& node, Session session) {
  const auto read = [&](const char* name, std::string& setting) {
    std::string text = node.member(name).text_or_empty();
    if (!text.empty()) setting = std::move(text);
  };
  read("timezone", session.timezone);
  read("default_text_search_config", session.text_search);
  read("intervalstyle", session.interval_style);
  read("bytea_output", session.bytea_output);
  read("letters", session.letters);
  constexpr std::string_view kBuiltIn = "pg_catalog.";
  if (session.text_search.starts_with(kBuiltIn)) session.text_search.erase(0, kBuiltIn.size());
  return session;
}

std::map<std::string, Session, std::less<>> read_sessions(const Node& root) {
  std::map<std::string, Session, std::less<>> sessions;
  const Session usual = read_session(root.member("session"), {});
  sessions[""] = usual;
  for (const auto& [role, node] : root.member("role_sessions").members()) {
    sessions[role] = read_session(node, usual);
  }
  return sessions;
}

Json print_session(const Session& session) {
  Json json{{"timezone", session.timezone},
            {"default_text_search_config", session.text_search},
            {"intervalstyle", session.interval_style},
            {"bytea_output", session.bytea_output}};
  if (!session.letters.empty()) json["letters"] = session.letters;
  return json;
}

Json null_if_empty(const std::string& text) { return text.empty() ? Json() : Json(text); }

const char* word(TableKind kind) {
  switch (kind) {
    case TableKind::kView:
      return "view";
    case TableKind::kMaterializedView:
      return "materialized view";
    case TableKind::kForeignTable:
      return "foreign table";
    case TableKind::kTable:
      break;
  }
  return "table";
}

const char* word(ReferentialAction action) {
  switch (action) {
    case ReferentialAction::kRestrict:
      return "restrict";
    case ReferentialAction::kCascade:
      return "cascade";
    case ReferentialAction::kSetNull:
      return "set null";
    case ReferentialAction::kSetDefault:
      return "set default";
    case ReferentialAction::kNoAction:
      break;
  }
  return "no action";
}

const char* word(Volatility volatility) {
  switch (volatility) {
    case Volatility::kImmutable:
      return "immutable";
    case Volatility::kStable:
      return "stable";
    case Volatility::kVolatile:
      break;
  }
  return "volatile";
}

Json print_identity(Identity identity) {
  if (identity == Identity::kNo) return {};
  return identity == Identity::kAlways ? "a" : "d";
}

Json print_column(const Column& column) {
  Json json;
  json["name"] = column.name;
  json["type"] = column.domain.empty() ? column.type.name : column.domain;
  if (!column.type_schema.empty()) json["type_schema"] = column.type_schema;
  json["nullable"] = column.nullable;
  json["default"] = column.default_expression ? Json(*column.default_expression) : Json();
  json["generated"] = column.generated == Generated::kStored ? Json("s") : Json();
  if (!column.generation_expression.empty()) {
    json["generation_expression"] = column.generation_expression;
  }
  json["identity"] = print_identity(column.identity);
  json["byte_order"] = column.byte_order;
  if (!column.collation.empty()) json["collation"] = column.collation;
  if (!column.letters.empty()) json["letters"] = column.letters;
  if (!column.type.labels.empty()) json["enum"] = column.type.labels;
  if (!column.domain.empty()) json["domain_base_type"] = column.type.name;
  if (column.custom_casts) json["custom_casts"] = true;
  if (const auto& origin = column.origin) {
    json["origin"] = {origin->schema, origin->table, origin->column};
  }
  json["comment"] = null_if_empty(column.comment);
  return json;
}

Json print_names(const Table& table, const std::vector<std::size_t>& columns) {
  Json names = Json::array();
  for (const std::size_t column : columns) names.push_back(table.columns[column].name);
  return names;
}

Json print_key(const Table& table, const Key& key) {
  Json json{{"name", key.name}, {"columns", print_names(table, key.columns)}};
  if (key.index_alone) json["index_alone"] = true;
  return json;
}

Json print_foreign_key(const Table& table, const ForeignKey& key) {
  Json json{{"name", key.name},
            {"columns", print_names(table, key.columns)},
            {"ref_schema", key.ref_schema},
            {"ref_table", key.ref_table},
            {"ref_columns", key.ref_columns},
            {"on_update", word(key.on_update)},
            {"on_delete", word(key.on_delete)}};
  if (!key.set_on_delete.empty()) json["set_on_delete"] = print_names(table, key.set_on_delete);
  return json;
}

Json print_trigger(const Trigger& trigger) {
  Json events = Json::array();
  if (trigger.on_delete) events.push_back("delete");
  if (trigger.on_insert) events.push_back("insert");
  if (trigger.on_update) events.push_back("update");
  return {{"name", trigger.name}, {"on", std::move(events)}, {"before", trigger.before}};
}

template <typename List, typename Print>
Json print_list(const List& list, Print print) {
  Json json = Json::array();
  for (const auto& item : list) json.push_back(print(item));
  return json;
}

Json print_accepted(const Table& table) {
  Json accepted = Json::array();
  if (table.insertable) accepted.push_back("insert");
  if (table.updatable) accepted.push_back("update");
  if (table.deletable) accepted.push_back("delete");
  return accepted;
}

Json print_table(const Table& table) {
  Json json;
  json["schema"] = table.schema;
  json["name"] = table.name;
  json["kind"] = word(table.kind);
  json["comment"] = null_if_empty(table.comment);
  json["accepts"] = print_accepted(table);
  json["row_security"] = table.row_security;
  json["columns"] = print_list(table.columns, print_column);
  json["primary_key"] = table.primary_key ? print_key(table, *table.primary_key) : Json();
  json["unique"] = print_list(table.unique, [&](const Key& key) { return print_key(table, key); });
  json["more_constraints"] = table.more_constraints;
  json["foreign_keys"] = print_list(
      table.foreign_keys, [&](const ForeignKey& key) { return print_foreign_key(table, key); });
  json["triggers"] = print_list(table.triggers, print_trigger);
  json["checks"] = print_list(table.checks, [](const Check& check) {
    return Json{{"name", check.name}, {"expression", check.expression}};
  });
  json["privileges"] = Json::object();
  for (const auto& [role, list] : table.privileges) json["privileges"][role] = list;
  json["column_privileges"] = table.column_privileges;
  json["definition"] = null_if_empty(table.definition);
  return json;
}

Json print_argument(const Argument& argument) {
  Json json{{"name", argument.name},
            {"type", argument.type},
            {"default", argument.has_default},
            {"variadic", argument.variadic}};
  if (argument.row_of) json["row_of"] = {argument.row_of->schema, argument.row_of->table};
  return json;
}

Json print_function(const Function& function) {
  return {{"schema", function.schema},
          {"name", function.name},
          {"arguments", print_list(function.arguments, print_argument)},
          {"volatility", word(function.volatility)},
          {"returns", function.returns},
          {"returns_set", function.returns_set},
          {"roles", function.roles ? Json(*function.roles) : Json()},
          {"comment", null_if_empty(function.comment)}};
}

Json print_media_handler(const MediaHandler& handler) {
  Json json{{"media_type", handler.media_type}, {"relation", nullptr}};
  if (handler.relation) json["relation"] = {handler.relation->schema, handler.relation->table};
  return json;
}

}  // namespace

Result<Catalog> parse_catalog(std::string_view json) {
  HF_TRY(const nlohmann::json document, read_json(json));
  return read_catalog(document);
}

Result<Catalog> read_catalog(const nlohmann::json& document) {
  Node::Problem problem;
  const Node root(document, "", problem);
  if (!root.member("tables").is_array()) return bad_document("tables: an array is expected");
  if (root.member("version").number_or(1) != 1) return bad_document("version: only 1 is known");
  std::vector<Table> tables;
  for (const Node& item : root.member("tables").items()) {
    tables.push_back(read_table(item, item.member("schema").text(), item.member("name").text()));
  }
  std::vector<Function> functions;
  for (const Node& item : root.member("functions").items()) {
    functions.push_back(read_function(item));
  }
  std::vector<std::string> schemas = root.member("schemas").texts();
  std::vector<MediaHandler> handlers;
  for (const Node& item : root.member("media_handlers").items()) {
    handlers.push_back(read_media_handler(item));
  }
  std::map<std::string, std::string> comments;
  for (const auto& [schema, comment] : root.member("schema_comments").members()) {
    comments.emplace(schema, comment.text());
  }
  auto sessions = read_sessions(root);
  if (problem) return bad_document(*problem);
  Catalog catalog(std::move(tables), std::move(functions), std::move(schemas), std::move(comments),
                  std::move(handlers));
  catalog.set_sessions(std::move(sessions));
  if (root.member("partial").flag_or(false)) catalog.mark_partial();
  return catalog;
}

std::string print_bundle_table(const Table& table) {
  Json json = print_table(table);
  const auto anonymous = table.privileges.find("anon");
  if (!table.privileges.empty()) {
    json["anon_privileges"] =
        anonymous == table.privileges.end() ? Json::array() : Json(anonymous->second);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string print_catalog(const Catalog& catalog) {
  Json json;
  json["version"] = 1;
  if (catalog.is_partial()) json["partial"] = true;
  json["schemas"] = catalog.schemas();
  json["schema_comments"] = Json::object();
  for (const auto& [schema, comment] : catalog.schema_comments()) {
    json["schema_comments"][schema] = comment;
  }
  for (const auto& [role, session] : catalog.sessions()) {
    Json printed = print_session(session);
    if (role.empty()) {
      json["session"] = std::move(printed);
    } else {
      json["role_sessions"][role] = std::move(printed);
    }
  }
  json["tables"] = print_list(catalog.tables(), print_table);
  json["functions"] = print_list(catalog.functions(), print_function);
  json["media_handlers"] = print_list(catalog.media_handlers(), print_media_handler);
  // Names may hold any bytes; an unprintable one must not keep the rest from being written.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace holdfast::cache
