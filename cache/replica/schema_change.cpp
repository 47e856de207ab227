#include "cache/replica/schema_change.h"

#include <algorithm>
#include <map>
#include <optional>

#include "cache/replica/key.h"
#include "cache/values/codec.h"

namespace holdfast::cache {
namespace {

// Type texts by column; the key's columns in order, each behind a '#'.
struct Signature {
  std::map<std::string, std::string, std::less<>> types;
  std::string key;
};

std::string print_type(const Type& type) {
  std::string text = type.name;
  for (const std::string& label : type.labels) {
    text += text.size() == type.name.size() ? '\t' : ',';
    append_json_string(label, text);
  }
  return text;
}

std::string key_lines(const Table& table) {
  std::string lines;
  if (!table.primary_key) return lines;
  for (const std::size_t index : table.primary_key->columns) {
    lines += '#' + table.columns[index].storage_name;
  }
  return lines;
}

// `table` tells where a name ends: it may hold spaces, as a type's may.
Signature read_signature(std::string_view text, const Table& table) {
  Signature signature;
  while (!text.empty() && text.front() != '#') {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const auto known = std::find_if(table.columns.begin(), table.columns.end(), [&](const auto& c) {
      return line.starts_with(c.storage_name + " ");
    });
    if (known != table.columns.end()) {
      signature.types[known->storage_name] = line.substr(known->storage_name.size() + 1);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  signature.key = text;
  return signature;
}

bool is_plain_text(std::string_view type) {
  return type == "text" || type.starts_with("character varying");
}

// "name\t"a","b"": every label that was there is there.
bool only_added_labels(std::string_view was, std::string_view is) {
  const auto name = was.substr(0, was.find('\t'));
  if (name != is.substr(0, is.find('\t'))) return false;
  if (was.find('\t') == std::string_view::npos) return true;
  const std::string now = "," + std::string(is.substr(name.size() + 1)) + ",";
  std::string_view rest = was.substr(name.size() + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find(",\""), rest.size());
    if (now.find("," + std::string(rest.substr(0, end)) + ",") == std::string::npos) return false;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return true;
}

bool compatible(std::string_view was, const Type& type) {
  const std::string is = print_type(type);
  return was == is || (is_plain_text(was) && is_plain_text(is)) ||
         (type.kind == TypeKind::kEnum && only_added_labels(was, is));
}

// The key of now of the row that `object` (an image or an insert's row) describes.
std::optional<std::string> key_in(const Table& table, std::string_view object) {
  const auto row = parse_row(table, object);
  if (!row) return std::nullopt;
  for (const std::size_t index : table.primary_key->columns) {
    if (is_null((*row)[index])) return std::nullopt;
  }
  return key_of(table, *row);
}

std::map<std::string, std::string> new_names(Database& database, const Table& table) {
  std::map<std::string, std::string> names;
  Statement statement(database,
                      "SELECT key, image FROM hf_pending_base WHERE relation=?1 AND image NOT NULL"
                      " UNION ALL SELECT key, coalesce(base, row, changes) FROM hf_effects"
                      " WHERE relation=?1 AND (coalesce(base, row) NOT NULL OR kind IN (1, 2))");
  statement.bind(1, std::string_view(relation_of(table)));
  while (statement.step()) {
    auto key = key_in(table, statement.text(1));
    if (key) names.try_emplace(std::string(statement.text(0)), *std::move(key));
  }
  return names;
}

}  // namespace

std::string signature_of(const Table& table) {
  std::string signature;
  for (const Column& column : table.columns) {
    if (!column.kept) continue;
    signature += column.storage_name + ' ' + print_type(column.type) + '\n';
  }
  return signature + key_lines(table);
}

SchemaChange change_since(std::string_view old_signature, const Table& table) {
  const Signature old = read_signature(old_signature, table);
  SchemaChange change;
  change.other_key = old.key != key_lines(table);
  change.read_again = change.other_key;
  for (const std::size_t i : table.kept_columns()) {
    const auto known = old.types.find(table.columns[i].storage_name);
    if (known == old.types.end()) {
      change.added.push_back(i);
    } else if (!compatible(known->second, table.columns[i].type)) {
      change.read_again = true;
    }
  }
  // Values of a column that came cannot be asked for row by row.
  if (!table.primary_key && !change.added.empty()) change.read_again = true;
  return change;
}

void rename_pending_rows(Transaction& transaction, const Table& table) {
  if (!table.primary_key) return;
  Database& database = transaction.database();
  const std::string relation = relation_of(table);
  for (const auto& [was, is] : new_names(database, table)) {
    for (const char* sql :
         {"UPDATE OR REPLACE hf_pending_base SET key=?3 WHERE relation=?1 AND key=?2",
          "UPDATE hf_effects SET key=?3 WHERE relation=?1 AND key=?2",
          "UPDATE OR REPLACE hf_references SET key=?3 WHERE relation=?1 AND key=?2"}) {
      Statement& statement = database.cached(sql);
      statement.bind(1, std::string_view(relation)).bind(2, std::string_view(was));
      statement.bind(3, std::string_view(is)).run();
    }
  }
}

}  // namespace holdfast::cache
