#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cache/query/reader.h"
#include "cache/query/syntax.h"
#include "gateway/base/result.h"

// The rules of PostgREST's grammar. Each reads at the Reader's position into its last argument and
// returns whether it applied (see Reader).
namespace holdfast::cache::query::grammar {

bool field_name(Reader& reader, std::string& out);
bool quoted_value(Reader& reader, std::string& out);
bool identifier(Reader& reader, std::string& out);
bool delimiter(Reader& reader);        // the dot between parts
bool alias_separator(Reader& reader);  // ":", but not "::"
bool json_path(Reader& reader, std::vector<JsonStep>& out);
// A name with an optional JSON path, blanks around it allowed.
bool field(Reader& reader, Field& out);
bool dotted_names(Reader& reader, std::vector<std::string>& out);
// A parenthesis or comma with blanks around it.
bool mark(Reader& reader, char character);

bool select_items(Reader& reader, std::vector<SelectItem>& out);
bool order_terms(Reader& reader, std::vector<OrderTerm>& out);
// op.value behind a field; `in_logic`: the value ends at a comma or parenthesis.
enum class ValueEnd { kAtEnd, kAtComma };
bool operation(Reader& reader, ValueEnd value_end, Filter& out);
bool logic_tree(Reader& reader, Condition& out);
bool names(Reader& reader, std::vector<std::string>& out);

// Whole parameters. Errors are PGRST100.
Result<std::vector<SelectItem>> parse_select(std::string_view value);
Result<std::pair<EmbedPath, Condition>> parse_filter(std::string_view name, std::string_view value);
Result<std::pair<EmbedPath, Condition>> parse_logic(std::string_view name, std::string_view value);
Result<std::pair<EmbedPath, std::vector<OrderTerm>>> parse_order(std::string_view name,
                                                                 std::string_view value);
Result<std::vector<std::string>> parse_names(std::string_view parameter, std::string_view value);
Result<EmbedPath> parse_embed_path(std::string_view name);

}  // namespace holdfast::cache::query::grammar
