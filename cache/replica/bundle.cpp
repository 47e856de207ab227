#include "cache/replica/bundle.h"

#include <algorithm>

#include "cache/values/codec.h"
#include "cache/values/json.h"

namespace holdfast::cache {
namespace {

std::optional<std::string_view> member(const RawObject& object, std::string_view name) {
  for (const auto& [key, token] : object) {
    if (key == name) return token;
  }
  return std::nullopt;
}

Result<RawObject> read_object(std::string_view json, const std::string& what) {
  auto body = parse_body(json);
  if (!body || body->is_array || body->rows.size() != 1) {
    return invalid_request("HF400", "the bundle's " + what + " is no JSON object");
  }
  return std::move(body->rows[0]);
}

// The anonymous role's refusal, as PostgREST words it.
Denial denial_of(const Table& table) {
  std::string body = R"({"code":"42501","details":null,"hint":null,"message":)";
  append_json_string(
      std::string("permission denied for ") + (table.is_view() ? "view " : "table ") + table.name,
      body);
  return {401, body + "}"};
}

bool denied_to_anonymous(const Store& store, const RawObject& relation) {
  if (store.principal().kind != http::Principal::Kind::kAnonymous) return false;
  if (member(relation, "rows_as_anon_error")) return true;
  const auto privileges = member(relation, "anon_privileges");
  return !member(relation, "rows") && privileges &&
         privileges->find("\"select\"") == std::string_view::npos;
}

struct LoadedTable {
  const Table* table;
  std::vector<Row> rows;
  bool denied;
};

Result<std::vector<LoadedTable>> read_tables(const Store& store, std::string_view bundle) {
  HF_TRY(const RawObject document, read_object(bundle, "document"));
  const auto schema = member(document, "schema");
  const auto tables = member(document, "tables");
  if (!schema || !tables) {
    return invalid_request("HF400", "the bundle has no schema or no tables");
  }
  HF_TRY(const RawObject relations, read_object(*tables, "\"tables\""));
  std::vector<LoadedTable> loaded;
  for (const auto& [name, text] : relations) {
    const Table* table = store.catalog().find(decode_json_string(*schema), name);
    const auto& replicated = store.replicated();
    if (std::find(replicated.begin(), replicated.end(), table) == replicated.end()) continue;
    HF_TRY(const RawObject relation, read_object(text, "table " + name));
    const bool denied = denied_to_anonymous(store, relation);
    const auto rows = member(relation, "rows");
    if (!rows && !denied) continue;
    auto parsed = parse_rows(*table, rows.value_or("[]"));
    if (!parsed) {
      return invalid_request("HF400",
                             "a row of " + name + " cannot be read: " + parsed.error().message);
    }
    loaded.push_back({table, *std::move(parsed), denied});
  }
  return loaded;
}

bool has_unfinished_entries(Database& database) {
  Statement& statement = database.cached("SELECT EXISTS(SELECT 1 FROM hf_effects WHERE active=1)");
  statement.step();
  const bool some = statement.integer(0) != 0;
  statement.reset();
  return some;
}

void export_table(Store& store, Database& reader, const Table& table,
                  const std::function<void(std::string_view)>& write) {
  std::string head = print_bundle_table(table);
  head.pop_back();  // its closing brace: the rows come before it
  write(head);
  if (store.status(table) != TableStatus::kComplete) return write("}");
  write(",\"rows\":[");
  bool first = true;
  store.overlay().rows(table).for_each(reader, [&](const Row& row) {
    write(first ? "\n" : ",\n");
    first = false;
    write(print_row(table, row));
  });
  write("]}");
}

}  // namespace

Result<std::int64_t> import_bundle(Store& store, std::string_view bundle) {
  HF_TRY(const std::vector<LoadedTable> tables, read_tables(store, bundle));
  std::int64_t rows = 0;
  bool refused = false;
  store.writer().run(Writer::Priority::kClient, [&](Transaction& transaction) {
    refused = has_unfinished_entries(transaction.database());
    if (refused) return;
    for (const LoadedTable& loaded : tables) {
      store.overlay().rows(*loaded.table).erase_all(transaction);
      for (const Row& row : loaded.rows) {
        store.overlay().put_clean(transaction, *loaded.table, row);
        ++rows;
      }
      if (loaded.denied) {
        store.mark_denied(transaction, *loaded.table, denial_of(*loaded.table));
      } else {
        store.mark_complete(transaction, *loaded.table);
      }
    }
  });
  if (refused) {
    return Error{ErrorKind::kConflict, "HF409",
                 "the principal has writes that are not delivered yet", std::nullopt, std::nullopt};
  }
  for (const LoadedTable& loaded : tables) {
    if (loaded.denied) {
      store.publish(*loaded.table, TableStatus::kDenied, denial_of(*loaded.table));
    } else {
      store.publish(*loaded.table, TableStatus::kComplete);
    }
  }
  return rows;
}

void export_bundle(Store& store, const std::string& schema,
                   const std::function<void(std::string_view)>& write) {
  auto reader = store.reader();
  std::string head = "{\"schema\":";
  append_json_string(schema, head);
  write(head + ",\"tables\":{");
  bool first = true;
  for (const Table* table : store.replicated()) {
    if (table->schema != schema) continue;
    std::string name = first ? "\n" : ",\n";
    first = false;
    append_json_string(table->name, name);
    write(name + ":");
    export_table(store, *reader, *table, write);
  }
  write("}}\n");
}

}  // namespace holdfast::cache
