#include "cache/replica/bundle.h"

#include <algorithm>
#include <charconv>

#include "cache/values/codec.h"
#include "cache/values/json.h"

namespace holdfast::cache {
namespace {

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

// nullopt where the bundle has none: a relation whose rows could not be read when it was made has
// null for them.
std::optional<std::string_view> rows_of(const RawObject& relation) {
  const auto rows = find_member(relation, "rows");
  return rows == "null" ? std::nullopt : rows;
}

bool denied_to_anonymous(const http::Principal& principal, const Table& table,
                         const RawObject& relation) {
  if (principal.kind != http::Principal::Kind::kAnonymous) return false;
  if (find_member(relation, "rows_as_anon_error")) return true;
  const auto privileges = table.privileges.find("anon");
  return find_member(relation, "anon_privileges") && privileges != table.privileges.end() &&
         std::ranges::find(privileges->second, "select") == privileges->second.end();
}

// What a bundle is read for.
struct Reading {
  const Catalog& catalog;
  const http::Principal& principal;
  const std::vector<const Table*>& tables;  // others are passed over
};

struct LoadedTable {
  const Table* table;
  std::vector<Row> rows;
  std::optional<Denial> denial;
};

// What export wrote of a table that the principal may not read, else what the anonymous role's
// privileges say.
Result<std::optional<Denial>> read_denial(const http::Principal& principal, const Table& table,
                                          const RawObject& relation) {
  const auto written = find_member(relation, "denied");
  if (!written) {
    if (!denied_to_anonymous(principal, table, relation)) return std::optional<Denial>();
    return std::optional(denial_of(table));
  }
  HF_TRY(const RawObject denial, read_object(*written, "denial of " + table.name));
  const auto status = find_member(denial, "status");
  const auto body = find_member(denial, "body");
  int number = 0;
  const bool known =
      status && body &&
      std::from_chars(status->data(), status->data() + status->size(), number).ec == std::errc();
  if (!known) return invalid_request("HF400", "the denial of " + table.name + " cannot be read");
  return std::optional(Denial{number, decode_json_string(*body)});
}

Result<std::vector<Row>> read_rows(const Table& table, std::string_view rows,
                                   ProgressCount& progress) {
  double told = 0;
  return parse_rows(table, rows, [&](double part) {
    const double read = part * static_cast<double>(rows.size());
    progress.add(static_cast<std::int64_t>(read) - static_cast<std::int64_t>(told));
    told = read;
  });
}

Result<void> read_tables_of_schema(const Reading& reading, const RawObject& bundle,
                                   ProgressCount& progress, std::vector<LoadedTable>& loaded) {
  const auto schema = find_member(bundle, "schema");
  const auto tables = find_member(bundle, "tables");
  if (!schema || !tables) {
    return invalid_request("HF400", "the bundle has no schema or no tables");
  }
  HF_TRY(const RawObject relations, read_object(*tables, "\"tables\""));
  for (const auto& [name, text] : relations) {
    const Table* table = reading.catalog.find(decode_json_string(*schema), name);
    const auto& wanted = reading.tables;
    if (std::find(wanted.begin(), wanted.end(), table) == wanted.end()) continue;
    HF_TRY(const RawObject relation, read_object(text, "table " + name));
    HF_TRY(std::optional<Denial> denial, read_denial(reading.principal, *table, relation));
    const auto rows = rows_of(relation);
    if (!rows && !denial) continue;
    auto parsed = read_rows(*table, rows.value_or("[]"), progress);
    if (!parsed) {
      return invalid_request("HF400",
                             "a row of " + name + " cannot be read: " + parsed.error().message);
    }
    loaded.push_back({table, *std::move(parsed), std::move(denial)});
  }
  return {};
}

Result<std::vector<LoadedTable>> read_tables(const Reading& reading, std::string_view bundle,
                                             ProgressCount& progress) {
  progress.expect(static_cast<std::int64_t>(bundle.size()));
  HF_TRY(const RawObject document, read_object(bundle, "document"));
  std::vector<LoadedTable> loaded;
  HF_TRY_VOID(read_tables_of_schema(reading, document, progress, loaded));
  const auto others = find_member(document, "other_schemas");
  if (!others) return loaded;
  const auto list = parse_body(*others, BodyKeys::kAny);
  if (!list || !list->is_array) {
    return invalid_request("HF400", "the bundle's \"other_schemas\" is no list");
  }
  for (const RawObject& schema : list->rows) {
    HF_TRY_VOID(read_tables_of_schema(reading, schema, progress, loaded));
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

using Write = std::function<void(std::string_view)>;

bool is_replicated(const Store& store, const Table& table) {
  const auto& replicated = store.replicated();
  return std::find(replicated.begin(), replicated.end(), &table) != replicated.end();
}

void export_rows(Store& store, Database& reader, const Table& table, const Write& write,
                 ProgressCount& progress) {
  write(",\"rows\":[");
  bool first = true;
  store.overlay().rows(table).for_each(reader, [&](const Row& row) {
    write(first ? "\n" : ",\n");
    first = false;
    write(print_kept_image(table, row));
    progress.add(1);
  });
  write("]");
}

void export_denial(const Denial& denial, const Write& write) {
  std::string text = ",\"denied\":{\"status\":" + std::to_string(denial.status) + ",\"body\":";
  append_json_string(denial.body, text);
  write(text + "}");
}

// The rows that this device has sent to an append-only table, in their order and chained.
void export_chain(Database& reader, const Table& table, const Write& write) {
  Statement statement(reader,
                      "SELECT number, entry, at, content, hash FROM hf_row_chains"
                      " WHERE relation=?1 ORDER BY number");
  statement.bind(1, std::string_view(relation_of(table)));
  bool any = false;
  while (statement.step()) {
    std::string text = any ? ",\n" : ",\"row_chain\":[\n";
    any = true;
    text += "{\"number\":" + std::to_string(statement.integer(0)) + ",\"entry\":";
    append_json_string(statement.text(1), text);
    text += ",\"at\":" + std::to_string(statement.integer(2)) + ",\"content\":";
    append_json_string(statement.text(3), text);
    text += ",\"hash\":";
    append_json_string(statement.text(4), text);
    write(text + "}");
  }
  if (any) write("]");
}

void export_table(Store& store, Database& reader, const Table& table, const Write& write,
                  ProgressCount& progress) {
  std::string head = print_bundle_table(table);
  head.pop_back();  // its closing brace: the rows come before it
  write(head);
  const bool replicated = is_replicated(store, table);
  const TableStatus status = replicated ? store.status(table) : TableStatus::kNotReplicated;
  if (status == TableStatus::kComplete) export_rows(store, reader, table, write, progress);
  if (status == TableStatus::kDenied) export_denial(store.denial(table), write);
  export_chain(reader, table, write);
  write("}");
}

// "schema" and "tables", without the braces around them.
void export_schema(Store& store, Database& reader, const std::string& schema, const Write& write,
                   ProgressCount& progress) {
  std::string head = "\"schema\":";
  append_json_string(schema, head);
  write(head + ",\"tables\":{");
  bool first = true;
  for (const Table& table : store.catalog().tables()) {
    if (!table.exposed || table.schema != schema) continue;
    std::string name = first ? "\n" : ",\n";
    first = false;
    append_json_string(table.name, name);
    write(name + ":");
    export_table(store, reader, table, write, progress);
  }
  write("}");
}

}  // namespace

Result<void> check_bundle(const Catalog& catalog, const http::Principal& principal,
                          std::string_view bundle) {
  std::vector<const Table*> tables;
  tables.reserve(catalog.tables().size());
  for (const Table& table : catalog.tables()) tables.push_back(&table);
  ProgressCount unseen;
  HF_TRY_VOID(read_tables({catalog, principal, tables}, bundle, unseen));
  return {};
}

Result<std::int64_t> import_bundle(Store& store, std::string_view bundle,
                                   ImportProgress& progress) {
  const Reading reading{store.catalog(), store.principal(), store.replicated()};
  HF_TRY(const std::vector<LoadedTable> tables, read_tables(reading, bundle, progress.bytes));
  for (const LoadedTable& loaded : tables) {
    progress.rows.expect(static_cast<std::int64_t>(loaded.rows.size()));
  }
  std::int64_t rows = 0;
  bool refused = false;
  store.writer().run(Writer::Priority::kClient, [&](Transaction& transaction) {
    refused = has_unfinished_entries(transaction.database());
    if (refused) return;
    for (const LoadedTable& loaded : tables) {
      store.overlay().rows(*loaded.table).erase_all(transaction);
      for (const Row& row : loaded.rows) {
        store.overlay().put_clean(transaction, *loaded.table, row);
        progress.rows.add(1);
        ++rows;
      }
      if (loaded.denial) {
        store.mark_denied(transaction, *loaded.table, *loaded.denial);
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
    if (loaded.denial) {
      store.publish(*loaded.table, TableStatus::kDenied, loaded.denial);
    } else {
      store.publish(*loaded.table, TableStatus::kComplete);
    }
  }
  return rows;
}

void export_bundle(Store& store, const std::string& schema,
                   const std::function<void(std::string_view)>& write, ProgressCount& progress) {
  auto reader = store.reader();
  for (const Table* table : store.replicated()) {
    if (store.status(*table) == TableStatus::kComplete) {
      progress.expect(store.overlay().rows(*table).count(*reader));
    }
  }
  write("{");
  export_schema(store, *reader, schema, write, progress);
  write(",\n\"other_schemas\":[");
  bool first = true;
  for (const std::string& other : store.catalog().schemas()) {
    if (other == schema) continue;
    write(first ? "\n{" : ",\n{");
    first = false;
    export_schema(store, *reader, other, write, progress);
    write("}");
  }
  write("],\n\"catalog\":" + print_catalog(store.catalog()) + "}\n");
}

}  // namespace holdfast::cache
