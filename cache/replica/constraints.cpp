#include "cache/replica/constraints.h"

#include <algorithm>
#include <string_view>

#include "cache/expression/expression.h"
#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "cache/values/text_order.h"

namespace holdfast::cache {
namespace {

using Columns = std::vector<std::size_t>;

// Postgres cuts each value of a "Failing row" at 64 bytes.
constexpr std::size_t kShownBytes = 64;

std::string print_value(const Column& column, const Value& value) {
  std::string text;
  print_output(column.type, view(value), text);
  return text;
}

// At most kShownBytes, not within a character.
std::string clipped(const std::string& value) {
  if (value.size() <= kShownBytes) return value;
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80U) --end;
  return value.substr(0, end) + "...";
}

std::string failing_row(const Table& table, const Row& row) {
  std::string text = "Failing row contains (";
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) text += ", ";
    if (is_null(row[i])) {
      text += "null";
      continue;
    }
    text += clipped(print_value(table.columns[i], row[i]));
  }
  return text + ").";
}

// PostgreSQL 15's keywords that quote_ident() quotes.
constexpr std::string_view kKeywords =
    " all analyse analyze and any array as asc asymmetric authorization between bigint binary"
    " bit boolean both case cast char character check coalesce collate collation column"
    " concurrently constraint create cross current_catalog current_date current_role"
    " current_schema current_time current_timestamp current_user dec decimal default deferrable"
    " desc distinct do else end except exists extract false fetch float for foreign freeze from"
    " full grant greatest group grouping having ilike in initially inner inout int integer"
    " intersect interval into is isnull join lateral leading least left like limit localtime"
    " localtimestamp national natural nchar none normalize not notnull null nullif numeric"
    " offset on only or order out outer overlaps overlay placing position precision primary"
    " real references returning right row select session_user setof similar smallint some"
    " substring symmetric table tablesample then time timestamp to trailing treat trim true"
    " union unique user using values varchar variadic verbose when where window with"
    " xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi"
    " xmlroot xmlserialize xmltable ";

// As quote_ident().
std::string quoted_if_needed(const std::string& name) {
  const bool plain = !name.empty() && (name[0] < '0' || name[0] > '9') &&
                     std::all_of(name.begin(), name.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                     });
  if (plain && kKeywords.find(' ' + name + ' ') == kKeywords.npos) return name;
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

// Postgres quotes the names of an index' columns, and of a foreign key's not.
enum class Names { kPlain, kQuoted };

// "(a, b)=(1, x)"
std::string key_text(const Table& table, const std::vector<std::size_t>& columns, const Row& row,
                     Names form) {
  std::string names;
  std::string values;
  for (const std::size_t index : columns) {
    const std::string& name = table.columns[index].name;
    names += (names.empty() ? "" : ", ") + (form == Names::kQuoted ? quoted_if_needed(name) : name);
    values += (values.empty() ? "" : ", ") + print_value(table.columns[index], row[index]);
  }
  return "(" + names + ")=(" + values + ")";
}

Error conflict(std::string code, std::string message, std::string details) {
  return {ErrorKind::kConflict, std::move(code), std::move(message), std::move(details),
          std::nullopt};
}

std::optional<std::vector<std::size_t>> referenced_columns(const Table& parent,
                                                           const ForeignKey& key) {
  std::vector<std::size_t> columns;
  for (const auto& name : key.ref_columns) {
    const auto index = parent.column_index(name);
    if (!index) return std::nullopt;
    columns.push_back(*index);
  }
  return columns;
}

bool same_columns(std::vector<std::size_t> a, std::vector<std::size_t> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

}  // namespace

Error unknown_column(const Table& table, std::string_view column) {
  return invalid_request("PGRST204", "Could not find the '" + std::string(column) +
                                         "' column of '" + table.name + "' in the schema cache");
}

std::optional<Error> refuse_generated(const Table&, const Column& column) {
  const bool generated = column.generated != Generated::kNo;
  if (!generated && column.identity != Identity::kAlways) return std::nullopt;
  std::string message = "cannot insert a non-DEFAULT value into column \"" + column.name + "\"";
  if (generated) {
    return invalid_request("428C9", std::move(message),
                           "Column \"" + column.name + "\" is a generated column.");
  }
  return invalid_request(
      "428C9", std::move(message),
      "Column \"" + column.name + "\" is an identity column defined as GENERATED ALWAYS.",
      "Use OVERRIDING SYSTEM VALUE to override.");
}

std::optional<Error> check_row(const Table& table, const Row& row,
                               const std::vector<std::string>& provisional) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const Column& column = table.columns[i];
    if (column.nullable || !is_null(row[i])) continue;
    if (std::find(provisional.begin(), provisional.end(), column.name) != provisional.end()) {
      continue;
    }
    return invalid_request("23502",
                           "null value in column \"" + column.name + "\" of relation \"" +
                               table.name + "\" violates not-null constraint",
                           failing_row(table, row));
  }
  return std::nullopt;
}

std::optional<Error> check_expressions(const Table& table, const Row& row,
                                       const std::set<std::size_t>& unknown) {
  for (const Check& check : table.checks) {
    if (check.name.empty()) continue;  // an imported bundle's: Postgres' words would lack it
    const auto expression = Expression::parse(table, check.expression);
    if (!expression || !expression->is_false({table, row, unknown})) continue;
    return invalid_request("23514",
                           "new row for relation \"" + table.name +
                               "\" violates check constraint \"" + check.name + "\"",
                           failing_row(table, row));
  }
  return std::nullopt;
}

Error duplicate_key(const Table& table, const Key& key, const Row& row) {
  return conflict("23505", "duplicate key value violates unique constraint \"" + key.name + "\"",
                  "Key " + key_text(table, key.columns, row, Names::kQuoted) + " already exists.");
}

Error affected_twice() {
  return invalid_request(
      "21000", "ON CONFLICT DO UPDATE command cannot affect row a second time", std::nullopt,
      "Ensure that no rows proposed for insertion within the same command have duplicate "
      "constrained values.");
}

Result<void> require_unique(const Table& table, const std::vector<std::size_t>& columns) {
  if (table.primary_key && same_columns(table.primary_key->columns, columns)) return {};
  for (const Key& key : table.unique) {
    if (same_columns(key.columns, columns)) return {};
  }
  return invalid_request("42P10",
                         "there is no unique or exclusion constraint matching the ON CONFLICT "
                         "specification");
}

bool compare_exactly(const Table& table, const std::vector<std::size_t>& columns) {
  return std::all_of(columns.begin(), columns.end(), [&](std::size_t index) {
    const Column& column = table.columns[index];
    return compares_exactly(column.type) && !is_nondeterministic(column.collation);
  });
}

Error missing_parent(const Table& table, const ForeignKey& key, const Table& parent,
                     const Row& row) {
  return conflict("23503",
                  "insert or update on table \"" + table.name +
                      "\" violates foreign key constraint \"" + key.name + "\"",
                  "Key " + key_text(table, key.columns, row, Names::kPlain) +
                      " is not present in table \"" + parent.name + "\".");
}

Error still_referenced(const Table& table, const Table& child, const ForeignKey& key,
                       const Row& row) {
  std::vector<std::size_t> columns;
  for (const auto& name : key.ref_columns) columns.push_back(*table.column_index(name));
  return conflict("23503",
                  "update or delete on table \"" + table.name +
                      "\" violates foreign key constraint \"" + key.name + "\" on table \"" +
                      child.name + "\"",
                  "Key " + key_text(table, columns, row, Names::kPlain) +
                      " is still referenced from table \"" + child.name + "\".");
}

void add_references(const Catalog& catalog, const Table& table, const Row& row,
                    std::vector<std::pair<std::string, std::string>>& references) {
  for (const OutgoingKey& outgoing : outgoing_keys(catalog, table)) {
    if (any_null(row, outgoing.key->columns)) continue;
    const Table& parent = *outgoing.parent;
    const bool by_key = !outgoing.referenced.empty() && parent.primary_key &&
                        same_columns(outgoing.referenced, parent.primary_key->columns);
    std::pair<std::string, std::string> reference(
        relation_of(parent), by_key ? key_of(parent, outgoing.parent_row(row)) : "*");
    if (std::find(references.begin(), references.end(), reference) == references.end()) {
      references.push_back(std::move(reference));
    }
  }
}

void add_former_references(const Catalog& catalog, const Table& table, const Row& before,
                           const Row& after,
                           std::vector<std::pair<std::string, std::string>>& references) {
  const bool leaves = std::ranges::any_of(table.foreign_keys, [&](const ForeignKey& key) {
    return std::ranges::any_of(key.columns, [&](std::size_t i) { return before[i] != after[i]; });
  });
  if (!leaves) return;
  // Of many rows each has its own: they are not compared with each other here.
  std::vector<std::pair<std::string, std::string>> former;
  add_references(catalog, table, before, former);
  std::ranges::move(former, std::back_inserter(references));
}

bool any_null(const Row& row, const std::vector<std::size_t>& columns) {
  return std::any_of(columns.begin(), columns.end(),
                     [&](std::size_t index) { return is_null(row[index]); });
}

Row OutgoingKey::parent_row(const Row& child) const {
  Row row(parent->columns.size(), Null{});
  for (std::size_t i = 0; i < referenced.size(); ++i) row[referenced[i]] = child[key->columns[i]];
  return row;
}

std::vector<OutgoingKey> outgoing_keys(const Catalog& catalog, const Table& table) {
  std::vector<OutgoingKey> outgoing;
  for (const ForeignKey& key : table.foreign_keys) {
    const Table* parent = catalog.find(key.ref_schema, key.ref_table);
    if (parent == nullptr) continue;
    outgoing.push_back({parent, &key, referenced_columns(*parent, key).value_or(Columns{})});
  }
  return outgoing;
}

std::vector<IncomingKey> incoming_keys(const Catalog& catalog, const Table& table) {
  std::vector<IncomingKey> incoming;
  for (const Table& child : catalog.tables()) {
    for (const ForeignKey& key : child.foreign_keys) {
      if (key.ref_schema != table.schema || key.ref_table != table.name) continue;
      if (auto referenced = referenced_columns(table, key)) {
        incoming.push_back({&child, &key, *std::move(referenced)});
      }
    }
  }
  return incoming;
}

}  // namespace holdfast::cache
