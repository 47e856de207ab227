#include "cache/query/type_names.h"

#include <algorithm>

namespace holdfast::cache::query {
namespace {

// Postgres' own types, and the words that its grammar keeps for itself.
constexpr std::string_view kKnownWords =
    " "
    "aclitem all analyse analyze and any anyarray anycompatible anycompatiblearray "
    "anycompatiblemultirange anycompatiblenonarray anycompatiblerange anyelement anyenum "
    "anymultirange anynonarray anyrange array as asc asymmetric authorization between bigint "
    "binary bit bool boolean both box bpchar bytea case cast char character check cid cidr "
    "circle coalesce collate collation column concurrently constraint create cross cstring "
    "current_catalog current_date current_role current_schema current_time current_timestamp "
    "current_user date datemultirange daterange dec decimal default deferrable desc distinct "
    "do else end event_trigger except exists extract false fdw_handler fetch float float4 "
    "float8 for foreign freeze from full grant greatest group grouping gtsvector having "
    "ilike in index_am_handler inet initially inner inout int int2 int2vector int4 "
    "int4multirange int4range int8 int8multirange int8range integer internal intersect "
    "interval into is isnull join json jsonb jsonpath language_handler lateral leading least "
    "left like limit line localtime localtimestamp lseg macaddr macaddr8 money name national "
    "natural nchar none normalize not notnull null nullif numeric nummultirange numrange "
    "offset oid oidvector on only or order out outer overlaps overlay path placing point "
    "polygon position precision primary real record refcursor references regclass "
    "regcollation regconfig regdictionary regnamespace regoper regoperator regproc "
    "regprocedure regrole regtype returning right row select session_user setof similar "
    "smallint some substring symmetric table table_am_handler tablesample text then tid time "
    "timestamp timestamptz timetz to trailing treat trigger trim true tsm_handler "
    "tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector txid_snapshot union "
    "unique unknown user using uuid values varbit varchar variadic verbose void when where "
    "window with xid xid8 xml xmlattributes xmlconcat xmlelement xmlexists xmlforest "
    "xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable ";

bool is_known_word(const std::string& name) {
  return kKnownWords.find(' ' + name + ' ') != std::string_view::npos;
}

bool is_plain(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// "test.mood[]" holds mood.
bool holds_word(std::string_view text, std::string_view word) {
  const auto at = text.find(word);
  return at != std::string_view::npos;
}

bool in_table(const Table& table, const std::string& name) {
  return table.name == name ||
         std::any_of(table.columns.begin(), table.columns.end(), [&](const Column& column) {
           return holds_word(column.type.name, name) || holds_word(column.domain, name);
         });
}

bool in_function(const Function& function, const std::string& name) {
  return holds_word(function.returns, name) ||
         std::any_of(function.arguments.begin(), function.arguments.end(),
                     [&](const Argument& argument) { return holds_word(argument.type, name); });
}

}  // namespace

bool is_unknown_type(const Catalog& catalog, std::string_view cast) {
  std::string name(cast);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (!is_plain(name) || name.starts_with('_') || name.starts_with("pg_")) return false;
  if (is_known_word(name)) return false;
  const auto tables = [&](const Table& table) { return in_table(table, name); };
  const auto functions = [&](const Function& function) { return in_function(function, name); };
  return std::none_of(catalog.tables().begin(), catalog.tables().end(), tables) &&
         std::none_of(catalog.functions().begin(), catalog.functions().end(), functions);
}

}  // namespace holdfast::cache::query
