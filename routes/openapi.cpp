#include "routes/openapi.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "routes/openapi_schema.h"

namespace holdfast::routes {
namespace {

using Names = std::vector<std::string>;

// What a function's answer may be asked as; rows may be CSV, too.
Names function_media_types() {
  return {"application/json", "application/vnd.pgrst.object+json;nulls=stripped",
          "application/vnd.pgrst.object+json"};
}

Names media_types() {
  Names types = function_media_types();
  types.emplace_back("text/csv");
  return types;
}

bool is_visible(const cache::Table& table, const std::string& schema, const std::string& role) {
  if (!table.exposed || table.schema != schema) return false;
  const auto granted = table.privileges.find(role);
  return table.privileges.empty() ||
         (granted != table.privileges.end() && !granted->second.empty());
}

// PostgREST can only call by name, or with the whole body as the one argument.
bool is_callable(const cache::Function& function) {
  constexpr std::array<std::string_view, 5> kBodyTypes = {"json", "jsonb", "text", "xml", "bytea"};
  const bool named = std::ranges::none_of(
      function.arguments, [](const cache::Argument& argument) { return argument.name.empty(); });
  return named || (function.arguments.size() == 1 &&
                   std::ranges::find(kBodyTypes, function.arguments[0].type) != kBodyTypes.end());
}

bool is_visible(const cache::Function& function, const std::string& schema,
                const std::string& role) {
  if (function.schema != schema || function.returns == "trigger" || !is_callable(function)) {
    return false;
  }
  const auto& roles = function.roles;
  return !roles || std::ranges::find(*roles, role) != roles->end();
}

Json reference(const std::string& kind, const std::string& name) {
  return {{"$ref", "#/" + kind + "/" + name}};
}

Json parameters(const Names& names) {
  Json list = Json::array();
  for (const auto& name : names) list.push_back(reference("parameters", name));
  return list;
}

Json responses(const char* status, const char* words) {
  return {{status, {{"description", words}}}};
}

Json parameter(const std::string& name, const std::string& description, const char* in) {
  Json node = {{"name", name}};
  if (!description.empty()) node["description"] = description;
  node["required"] = false;
  node["in"] = in;
  node["type"] = "string";
  return node;
}

Json prefer(const Names& preferences) {
  Json node = parameter("Prefer", "Preference", "header");
  if (!preferences.empty()) node["enum"] = preferences;
  return node;
}

Json shared_parameters() {
  Json node;
  node["preferParams"] = prefer({});
  node["preferReturn"] = prefer({"return=representation", "return=minimal", "return=none"});
  node["preferCount"] = prefer({"count=none"});
  node["preferPost"] = prefer({"return=representation", "return=minimal", "return=none",
                               "resolution=ignore-duplicates", "resolution=merge-duplicates"});
  node["select"] = parameter("select", "Filtering Columns", "query");
  node["on_conflict"] = parameter("on_conflict", "On Conflict", "query");
  node["order"] = parameter("order", "Ordering", "query");
  node["range"] = parameter("Range", "Limiting and Pagination", "header");
  node["rangeUnit"] = parameter("Range-Unit", "Limiting and Pagination", "header");
  node["rangeUnit"]["default"] = "items";
  node["offset"] = parameter("offset", "Limiting and Pagination", "query");
  node["limit"] = parameter("limit", "Limiting and Pagination", "query");
  return node;
}

void add_parameters(const cache::Table& table, Json& node) {
  node["body." + table.name] = {{"name", table.name},
                                {"description", table.name},
                                {"required", false},
                                {"in", "body"},
                                {"schema", reference("definitions", table.name)}};
  for (const auto& column : table.columns) {
    node["rowFilter." + table.name + "." + column.name] =
        parameter(column.name, column.comment, "query");
  }
}

Json operation(const std::string& tag, const std::string& comment) {
  Json node = {{"tags", {tag}}};
  const Comment words = split_comment(comment);
  if (words.summary) node["summary"] = *words.summary;
  if (words.description) node["description"] = *words.description;
  return node;
}

Json relation_path(const cache::Table& table) {
  Names filters;
  for (const auto& column : table.columns) {
    filters.push_back("rowFilter." + table.name + "." + column.name);
  }
  const auto with_filters = [&](const Names& more) {
    Names names = filters;
    names.insert(names.end(), more.begin(), more.end());
    return parameters(names);
  };
  const auto described = [&](Json takes, Json gives) {
    Json node = operation(table.name, table.comment);
    node["parameters"] = std::move(takes);
    node["responses"] = std::move(gives);
    return node;
  };
  const std::string body = "body." + table.name;
  Json rows = {{"type", "array"}, {"items", reference("definitions", table.name)}};
  Json path;
  path["get"] = described(
      with_filters({"select", "order", "range", "rangeUnit", "offset", "limit", "preferCount"}),
      {{"200", {{"description", "OK"}, {"schema", std::move(rows)}}},
       {"206", {{"description", "Partial Content"}}}});
  if (!table.insertable && !table.updatable && !table.deletable) return path;
  path["post"] = described(parameters({body, "select", "preferPost"}), responses("201", "Created"));
  path["delete"] = described(with_filters({"preferReturn"}), responses("204", "No Content"));
  path["patch"] = described(with_filters({body, "preferReturn"}), responses("204", "No Content"));
  return path;
}

// Arrays are given in braces in a query, unless the argument is variadic.
Json query_parameter(const cache::Argument& argument) {
  Json node = {{"name", argument.name}, {"required", !argument.has_default}, {"in", "query"}};
  const auto type = openapi_type(argument.type);
  if (!argument.variadic) {
    node["type"] = type == "array" ? "string" : type.value_or("string");
    node["format"] = openapi_format(argument.type);
    return node;
  }
  const std::string element = argument.type.substr(0, argument.type.find("[]"));
  node["type"] = type.value_or("string");
  node["collectionFormat"] = "multi";
  node["items"] = {{"format", openapi_format(element)}};
  if (const auto item = openapi_type(element)) node["items"]["type"] = *item;
  return node;
}

Json function_path(const cache::Function& function) {
  Json common = operation("(rpc) " + function.name, function.comment);
  common["produces"] = function_media_types();
  common["responses"] = responses("200", "OK");
  Json path;
  if (function.volatility != cache::Volatility::kVolatile) {
    path["get"] = common;
    Json list = Json::array();
    for (const auto& argument : function.arguments) list.push_back(query_parameter(argument));
    if (!list.empty()) path["get"]["parameters"] = std::move(list);
  }
  path["post"] = std::move(common);
  path["post"]["parameters"] = {{{"name", "args"},
                                 {"required", true},
                                 {"in", "body"},
                                 {"schema", arguments_definition(function)}},
                                reference("parameters", "preferParams")};
  return path;
}

Json root_path() {
  Json get = {{"tags", {"Introspection"}}, {"summary", "OpenAPI description (this document)"}};
  get["produces"] = {"application/openapi+json", "application/json"};
  get["responses"] = responses("200", "OK");
  return {{"get", std::move(get)}};
}

Json information(const cache::Catalog& catalog, const std::string& schema) {
  std::string title = "PostgREST API";
  std::string description = "This is a dynamic API generated by PostgREST";
  const auto comment = catalog.schema_comments().find(schema);
  if (comment != catalog.schema_comments().end()) {
    const Comment words = split_comment(comment->second);
    title = words.summary.value_or("");
    description = words.description.value_or("");
  }
  return {{"description", description}, {"title", title}, {"version", "holdfast " HF_VERSION}};
}

}  // namespace

std::string openapi_document(const cache::Catalog& catalog, const std::string& schema,
                             const std::string& role, const ApiAddress& address) {
  Json paths = {{"/", root_path()}};
  Json definitions = Json::object();
  Json named = shared_parameters();
  for (const auto& table : catalog.tables()) {
    if (!is_visible(table, schema, role)) continue;
    paths["/" + table.name] = relation_path(table);
    definitions[table.name] = relation_definition(catalog, table);
    add_parameters(table, named);
  }
  for (const auto& function : catalog.functions()) {
    if (is_visible(function, schema, role))
      paths["/rpc/" + function.name] = function_path(function);
  }
  Json document;
  document["swagger"] = "2.0";
  document["info"] = information(catalog, schema);
  document["host"] = address.host;
  document["basePath"] = "/rest/v1/";
  document["schemes"] = {address.secure ? "https" : "http"};
  document["consumes"] = media_types();
  document["produces"] = media_types();
  document["paths"] = std::move(paths);
  if (!definitions.empty()) document["definitions"] = std::move(definitions);
  document["parameters"] = std::move(named);
  document["externalDocs"] = {{"description", "PostgREST Documentation"},
                              {"url", "https://postgrest.org/en/v16/references/api.html"}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace holdfast::routes
