#include "cache/catalog/document.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/http/json.h"

namespace holdfast::cache {
namespace {

std::vector<std::size_t> read_indices(const Node& names, const Table& table) {
  std::vector<std::size_t> indices;
  for (const Node& name : names.items()) {
    const std::string column = name.text();
    if (const auto index = table.column_index(column)) {
      indices.push_back(*index);
    } else {
      name.note("\"" + table.name + "\" has no column \"" + column + "\"");
    }
  }
  return indices;
}

std::optional<ColumnOrigin> read_origin(const Node& node) {
  if (node.is_null()) return std::nullopt;
  std::vector<std::string> parts = node.texts();
  if (parts.size() != 3) {
    node.note("schema, table and column are expected");
    return std::nullopt;
  }
  return ColumnOrigin{std::move(parts[0]), std::move(parts[1]), std::move(parts[2])};
}

Identity read_identity(const Node& node) {
  const std::string code = node.text_or_empty();
  if (code == "a") return Identity::kAlways;
  if (code == "d") return Identity::kByDefault;
  if (!code.empty()) node.note("\"a\", \"d\" or null is expected");
  return Identity::kNo;
}

// Virtual generated columns ("v") are written by nobody either.
Generated read_generated(const Node& node) {
  return node.text_or_empty().empty() ? Generated::kNo : Generated::kStored;
}

Column read_column(const Node& node) {
  Column column;
  column.name = node.member("name").text();
  const std::string type = node.member("type").text();
  const std::string base = node.member("domain_base_type").text_or_empty();
  if (!base.empty()) column.domain = type;
  column.type = make_type(base.empty() ? type : base, node.member("enum").texts());
  column.type_schema = node.member("type_schema").text_or_empty();
  column.nullable = node.member("nullable").flag_or(true);
  column.default_expression = node.member("default").optional_text();
  column.generated = read_generated(node.member("generated"));
  column.generation_expression = node.member("generation_expression").text_or_empty();
  column.identity = read_identity(node.member("identity"));
  column.byte_order = node.member("byte_order").flag_or(true);
  column.collation = node.member("collation").text_or_empty();
  column.letters = node.member("letters").text_or_empty();
  column.custom_casts = node.member("custom_casts").flag_or(false);
  column.origin = read_origin(node.member("origin"));
  column.comment = node.member("comment").text_or_empty();
  return column;
}

TableKind read_kind(const Node& node) {
  const std::string kind = node.text_or_empty();
  if (kind == "view") return TableKind::kView;
  if (kind == "materialized view") return TableKind::kMaterializedView;
  if (kind == "foreign table") return TableKind::kForeignTable;
  if (!kind.empty() && kind != "table" && kind != "partitioned table") {
    node.note("unknown kind \"" + kind + "\"");
  }
  return TableKind::kTable;
}

ReferentialAction read_action(const Node& node) {
  constexpr std::array<std::pair<std::string_view, ReferentialAction>, 5> kActions = {{
      {"no action", ReferentialAction::kNoAction},
      {"restrict", ReferentialAction::kRestrict},
      {"cascade", ReferentialAction::kCascade},
      {"set null", ReferentialAction::kSetNull},
      {"set default", ReferentialAction::kSetDefault},
  }};
  const std::string name = node.text_or_empty();
  const auto found = std::ranges::find(kActions, std::string_view(name),
                                       &std::pair<std::string_view, ReferentialAction>::first);
  if (found != kActions.end()) return found->second;
  if (!name.empty()) node.note("unknown action \"" + name + "\"");
  return ReferentialAction::kNoAction;
}

Trigger read_trigger(const Node& node) {
  Trigger trigger;
  trigger.name = node.member("name").text();
  for (const Node& item : node.member("on").items()) {
    const std::string event = item.text();
    trigger.on_insert |= event == "insert";
    trigger.on_update |= event == "update";
    trigger.on_delete |= event == "delete";
  }
  // A document of an older program does not say.
  trigger.before = node.member("before").flag_or(true);
  return trigger;
}

// The bundle form only counts them: each may then fire at any event.
std::vector<Trigger> read_triggers(const Node& node) {
  std::vector<Trigger> triggers;
  if (node.is_array() || node.is_null()) {
    for (const Node& item : node.items()) triggers.push_back(read_trigger(item));
    return triggers;
  }
  for (int i = 1; i <= node.number_or(0); ++i) {
    triggers.push_back({"trigger " + std::to_string(i), true, true, true});
  }
  return triggers;
}

// A document of an older program does not say.
void read_accepted(const Node& node, Table& table) {
  const std::vector<std::string> accepted = node.texts();
  const auto accepts = [&](const char* what) {
    return node.is_null() ? !table.is_view() : std::ranges::find(accepted, what) != accepted.end();
  };
  table.insertable = accepts("insert");
  table.updatable = accepts("update");
  table.deletable = accepts("delete");
}

// A check is its expression where the form names none.
Check read_check(const Node& node) {
  if (node.is_string()) return {"", node.text()};
  return {node.member("name").text_or_empty(), node.member("expression").text_or_empty()};
}

}  // namespace

Result<nlohmann::json> read_json(std::string_view text) {
  nlohmann::json document = http::parse_json(text);
  if (document.is_discarded()) return bad_document("it is not JSON");
  return document;
}

Error bad_document(const std::string& what) {
  return invalid_request("HF400", "This is no catalog: " + what);
}

Key read_key(const Node& node, const Table& table) {
  Key key{node.member("name").text_or_empty(), read_indices(node.member("columns"), table),
          node.member("index_alone").flag_or(false)};
  if (key.columns.empty()) node.note("columns of the key are expected");
  return key;
}

ForeignKey read_foreign_key(const Node& node, const Table& table) {
  ForeignKey key;
  key.name = node.member("name").text();
  key.columns = read_indices(node.member("columns"), table);
  key.ref_schema = node.member("ref_schema").text();
  key.ref_table = node.member("ref_table").text();
  key.ref_columns = node.member("ref_columns").texts();
  key.on_update = read_action(node.member("on_update"));
  key.on_delete = read_action(node.member("on_delete"));
  key.set_on_delete = read_indices(node.member("set_on_delete"), table);
  if (key.columns.empty() || key.columns.size() != key.ref_columns.size()) {
    node.note("as many ref_columns as columns are expected");
  }
  return key;
}

Table read_table(const Node& node, std::string schema, std::string name) {
  Table table;
  table.schema = std::move(schema);
  table.name = std::move(name);
  table.kind = read_kind(node.member("kind"));
  table.comment = node.member("comment").text_or_empty();
  table.definition = node.member("definition").text_or_empty();
  read_accepted(node.member("accepts"), table);
  table.row_security = node.member("row_security").flag_or(false);
  for (const Node& item : node.member("columns").items()) {
    Column column = read_column(item);
    if (table.find_column(column.name) != nullptr) item.note("a second column of this name");
    table.columns.push_back(std::move(column));
  }
  const Node primary_key = node.member("primary_key");
  if (!primary_key.is_null()) table.primary_key = read_key(primary_key, table);
  for (const Node& item : node.member("unique").items()) {
    table.unique.push_back(read_key(item, table));
  }
  table.more_constraints = node.member("more_constraints").flag_or(false);
  for (const Node& item : node.member("foreign_keys").items()) {
    table.foreign_keys.push_back(read_foreign_key(item, table));
  }
  table.triggers = read_triggers(node.member("triggers"));
  for (const Node& item : node.member("checks").items()) table.checks.push_back(read_check(item));
  for (const auto& [role, list] : node.member("privileges").members()) {
    table.privileges.emplace(role, list.texts());
  }
  for (const auto& [role, kinds] : node.member("column_privileges").members()) {
    for (const auto& [kind, columns] : kinds.members()) {
      table.column_privileges[role].emplace(kind, columns.texts());
    }
  }
  return table;
}

}  // namespace holdfast::cache
