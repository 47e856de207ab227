#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "cache/catalog/catalog.h"
#include "cache/catalog/document.h"

namespace holdfast::cache {
namespace {

// The relations of other schemas that a bundle tells of: only the columns that something names.
class OtherSchemas {
 public:
  explicit OtherSchemas(std::string served) : served_(std::move(served)) {}

  void add_origins(const Table& view) {
    for (const Column& column : view.columns) {
      if (!column.origin || column.origin->schema == served_) continue;
      Table& table = get(column.origin->schema, column.origin->table);
      const auto index = table.column_index(column.origin->column);
      if (!index) add_column(table, column.origin->column);
      Column& original = table.columns[index.value_or(table.columns.size() - 1)];
      original.type = column.type;
      original.domain = column.domain;
    }
  }

  void add_key(const Node& node) {
    Table* const table = named_in(node);
    if (table == nullptr) return;
    Key key = read_key(node, *table);
    if (node.member("type").text() == "p") {
      table->primary_key = std::move(key);
    } else {
      table->unique.push_back(std::move(key));
    }
  }

  void add_foreign_key(const Node& node) {
    Table* const table = named_in(node);
    if (table != nullptr) table->foreign_keys.push_back(read_foreign_key(node, *table));
  }

  void move_to(std::vector<Table>& tables) && {
    for (auto& [name, table] : tables_) tables.push_back(std::move(table));
  }

 private:
  Table& get(const std::string& schema, const std::string& name) {
    Table& table = tables_[{schema, name}];
    table.schema = schema;
    table.name = name;
    return table;
  }

  static void add_column(Table& table, const std::string& name) {
    Column column;
    column.name = name;
    column.type = make_type("unknown");
    table.columns.push_back(std::move(column));
  }

  // With the columns that the entry names; null for a relation of the served schema, which has its
  // keys in its own object.
  Table* named_in(const Node& node) {
    const std::string schema = node.member("schema").text();
    if (schema == served_) return nullptr;
    Table& table = get(schema, node.member("table").text());
    for (const std::string& column : node.member("columns").texts()) {
      if (!table.column_index(column)) add_column(table, column);
    }
    return &table;
  }

  std::string served_;
  std::map<std::pair<std::string, std::string>, Table> tables_;
};

const Table* find_view(const std::vector<Table>& tables, const ColumnOrigin& origin) {
  const auto found = std::ranges::find_if(tables, [&](const Table& table) {
    return table.is_view() && table.schema == origin.schema && table.name == origin.table;
  });
  return found == tables.end() ? nullptr : &*found;
}

// A bundle's origin may be a column of another view: what that one shows is meant. Nothing where
// the chain ends in an expression, or in a circle.
std::optional<ColumnOrigin> table_origin(const std::vector<Table>& tables,
                                         std::optional<ColumnOrigin> origin) {
  for (std::size_t step = 0; origin && step <= tables.size(); ++step) {
    const Table* const view = find_view(tables, *origin);
    if (view == nullptr) return origin;
    const Column* const shown = view->find_column(origin->column);
    origin = shown == nullptr ? std::nullopt : std::optional<ColumnOrigin>(shown->origin);
  }
  return std::nullopt;
}

void complete_origins(std::vector<Table>& tables) {
  for (Table& table : tables) {
    for (Column& column : table.columns) column.origin = table_origin(tables, column.origin);
  }
}

// The bundle form's own keys for grants: the anonymous role's, by table and by column.
void read_anonymous_privileges(const Node& node, Table& table) {
  const Node list = node.member("anon_privileges");
  if (list.is_null()) return;
  std::vector<std::string> privileges = list.texts();
  const std::vector<Node> columns = node.member("columns").items();
  const bool selects_any = std::ranges::any_of(
      columns, [](const Node& column) { return column.member("anon_select").flag_or(false); });
  if (selects_any && std::ranges::find(privileges, "select") == privileges.end()) {
    privileges.insert(privileges.begin(), "select");
  }
  table.privileges["anon"] = std::move(privileges);
}

std::set<std::string> domains_with_casts(const Node& root) {
  std::set<std::string> names;
  for (const Node& cast : root.member("custom_casts").items()) {
    names.insert(cast.member("source").text());
    names.insert(cast.member("target").text());
  }
  return names;
}

std::map<std::string, Type> domain_bases(const std::vector<Table>& tables) {
  std::map<std::string, Type> bases;
  for (const Table& table : tables) {
    for (const Column& column : table.columns) {
      if (!column.domain.empty()) bases.emplace(column.domain, column.type);
    }
  }
  return bases;
}

// A bundle gives one step of a domain over a domain, and does not mark the casts at the columns.
void complete_domains(std::vector<Table>& tables, const std::set<std::string>& with_casts) {
  const std::map<std::string, Type> bases = domain_bases(tables);
  for (Table& table : tables) {
    for (Column& column : table.columns) {
      if (column.domain.empty()) continue;
      column.custom_casts |= with_casts.contains(column.domain);
      // As many steps as there are domains: a chain that turns in a circle ends too.
      for (std::size_t step = 0; step < bases.size(); ++step) {
        const auto base = bases.find(column.type.name);
        if (base == bases.end()) break;
        column.type = base->second;
      }
    }
  }
}

// "computed" lists the functions over a row of a relation.
std::vector<Function> read_computed(const Node& root, const std::string& schema) {
  std::vector<Function> functions;
  for (const Node& node : root.member("computed").items()) {
    Function function;
    function.schema = node.member("schema").text();
    function.name = node.member("function").text();
    const std::string table = node.member("table").text();
    function.arguments = {{"", table, false, false, RelationName{schema, table}}};
    function.returns = node.member("returns").text_or_empty();
    function.returns_set = node.member("setof").flag_or(false);
    functions.push_back(std::move(function));
  }
  return functions;
}

// "media_handlers" lists all functions that give a media type; aggregates make answers.
std::vector<MediaHandler> read_media_handlers(const Node& root, const std::string& schema) {
  std::vector<MediaHandler> handlers;
  for (const Node& node : root.member("media_handlers").items()) {
    if (node.member("kind").text_or_empty() != "aggregate") continue;
    const std::string argument = node.member("argument").text_or_empty();
    MediaHandler handler{node.member("media_type").text(), std::nullopt};
    if (argument != "anyelement") handler.relation = RelationName{schema, argument};
    handlers.push_back(std::move(handler));
  }
  return handlers;
}

}  // namespace

Result<Catalog> catalog_of_bundle(std::string_view json) {
  HF_TRY(const nlohmann::json document, read_json(json));
  // Written by export: there the relations of one schema do not tell everything.
  const auto whole = document.find("catalog");
  if (whole != document.end() && whole->is_object()) return read_catalog(*whole);
  Node::Problem problem;
  const Node root(document, "", problem);
  const std::string schema = root.member("schema").text();
  OtherSchemas others(schema);
  std::vector<Table> tables;
  for (const auto& [name, node] : root.member("tables").members()) {
    if (node.member("is_partition").flag_or(false)) continue;
    tables.push_back(read_table(node, schema, name));
    read_anonymous_privileges(node, tables.back());
  }
  complete_origins(tables);
  for (const Table& table : tables) others.add_origins(table);
  for (const Node& node : root.member("other_schema_keys").items()) others.add_key(node);
  for (const Node& node : root.member("other_schema_foreign_keys").items()) {
    others.add_foreign_key(node);
  }
  complete_domains(tables, domains_with_casts(root));
  std::move(others).move_to(tables);
  std::vector<Function> functions = read_computed(root, schema);
  std::vector<MediaHandler> handlers = read_media_handlers(root, schema);
  if (problem) return bad_document(*problem);
  return Catalog(std::move(tables), std::move(functions), {schema}, {}, std::move(handlers));
}

}  // namespace holdfast::cache
