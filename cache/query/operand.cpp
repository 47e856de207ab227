#include "cache/query/operand.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "cache/query/suggestions.h"
#include "cache/query/type_names.h"
#include "cache/values/cast.h"
#include "cache/values/codec.h"
#include "cache/values/text.h"

namespace holdfast::cache::query {
namespace {

constexpr const char* kNoOperatorHint =
    "No operator matches the given name and argument types. You might need to add explicit type "
    "casts.";

// The name by which PostgREST, and so Postgres, calls the place's table in messages.
std::string spoken_alias(const Place& place) {
  return place.depth == 0 ? place.table->name
                          : place.table->name + "_" + std::to_string(place.depth);
}

// What Postgres knows of every row of a table, and functions of a whole row, which it calls by
// row.name where no column has that name.
bool is_known_of_rows(const Table& table, std::string_view name) {
  constexpr std::array<std::string_view, 6> kSystem = {"tableoid", "xmin", "cmin",
                                                       "xmax",     "cmax", "ctid"};
  constexpr std::array<std::string_view, 10> kFunctions = {
      "row_to_json", "to_json",   "to_jsonb",  "json_agg",     "jsonb_agg",
      "array_agg",   "pg_typeof", "num_nulls", "num_nonnulls", "pg_column_size"};
  return (!table.is_view() && std::ranges::find(kSystem, name) != kSystem.end()) ||
         std::ranges::find(kFunctions, name) != kFunctions.end();
}

Error unknown_column(const Place& place, const std::string& name) {
  const std::string alias = spoken_alias(place);
  return invalid_request("42703", "column " + alias + "." + name + " does not exist", std::nullopt,
                         column_hint(*place.table, alias, name));
}

// Schemas that are searched for types go unnamed: PostgREST searches the request's and public.
std::string spoken_domain(const Place& place, const Column& column) {
  const std::string& name = column.domain;
  for (const auto& schema : {place.table->schema, std::string("public")}) {
    if (name.starts_with(schema + ".")) return name.substr(schema.size() + 1);
  }
  return name;
}

Error no_text_operator(const JsonStep& step) {
  const bool index = std::holds_alternative<std::int64_t>(step.operand);
  return invalid_request("42883",
                         std::string("operator does not exist: text ") +
                             (step.as_text ? "->>" : "->") + (index ? " integer" : " unknown"),
                         std::nullopt, kNoOperatorHint);
}

// Text that no column's collation orders has the database's own: it is taken for byte order when no
// column of the catalog has another one.
bool default_is_byte_order(const Catalog* catalog) {
  if (catalog == nullptr) return true;
  const auto by_bytes = [](const Column& column) { return column.byte_order; };
  return std::all_of(catalog->tables().begin(), catalog->tables().end(), [&](const Table& table) {
    return std::all_of(table.columns.begin(), table.columns.end(), by_bytes);
  });
}

bool holds_jsonb(const Type& type) {
  return type.kind == TypeKind::kJsonb ||
         (type.kind == TypeKind::kArray && holds_jsonb(*type.element));
}

// What a path starts from: a json column, or to_jsonb() of another.
Result<Operand> path_base(Operand column, Parameters& parameters) {
  const TypeKind kind = column.type->kind;
  if (kind == TypeKind::kJson || kind == TypeKind::kJsonb) return column;
  column.sql = "hf_jsonb(" + parameters.types({column.type}) + "," + column.sql + ")";
  column.type = &jsonb_type();
  return column;
}

// PostgREST casts an index to int.
Result<void> check_indices(const std::vector<JsonStep>& path) {
  for (const JsonStep& step : path) {
    const auto* index = std::get_if<std::int64_t>(&step.operand);
    if (index == nullptr || std::in_range<std::int32_t>(*index)) continue;
    if (*index >= kLargestIndex || *index <= -kLargestIndex)
      return forward("an index beyond bigint");
    const std::string sign = *index < 0 ? "" : "+";
    return invalid_request("22003", "value \"" + sign + std::to_string(*index) +
                                        "\" is out of range for type integer");
  }
  return {};
}

Error no_cast(const Operand& operand, const Type& target) {
  return invalid_request("42846",
                         "cannot cast type " + spoken_type(operand) + " to " + target.base);
}

Value operand_value(const JsonStep& step) {
  return std::visit([](const auto& operand) { return Value(operand); }, step.operand);
}

// SQLite takes 127 arguments.
constexpr std::size_t kMaxPathSteps = 100;

Result<Operand> follow_path(Operand base, const std::vector<JsonStep>& path,
                            Parameters& parameters) {
  if (path.size() > kMaxPathSteps) return forward("a JSON path of more than 100 steps");
  HF_TRY(base, path_base(std::move(base), parameters));
  const bool as_text = path.back().as_text;
  const bool jsonb = base.type->kind == TypeKind::kJsonb;
  std::string call = jsonb ? "hf_jsonb_" : "hf_json_";
  call += (as_text ? "text(" : "value(") + base.sql;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (i > 0 && path[i - 1].as_text) return no_text_operator(path[i]);
    call += "," + parameters.value(operand_value(path[i]));
  }
  HF_TRY_VOID(check_indices(path));
  base.sql = call + ")";
  if (as_text) base.type = &text_type();
  base.nullable = true;
  base.plain_column = false;
  base.domain.clear();
  return base;
}

}  // namespace

Result<void> check_kept(const Place& place, const Column& column) {
  if (column.kept || place.own_rows) return {};
  return forward(column.name + " of " + place.table->name + " is not kept here");
}

const std::string& spoken_type(const Operand& operand) {
  return operand.domain.empty() ? operand.type->base : operand.domain;
}

const Type& json_type() {
  static const Type type = make_type("json");
  return type;
}

const Type& jsonb_type() {
  static const Type type = make_type("jsonb");
  return type;
}

const Type& bigint_type() {
  static const Type type = make_type("bigint");
  return type;
}

const Type& text_type() {
  static const Type type = make_type("text");
  return type;
}

std::string collated(const std::string& sql, const Type& type) {
  const char* collation = collation_of(type);
  return std::strcmp(collation, "BINARY") == 0 ? sql : sql + " COLLATE " + collation;
}

Result<Operand> operand_of(const Place& place, const Field& field, Parameters& parameters) {
  const Column* column = place.table->find_column(field.name);
  if (column == nullptr) {
    const Catalog* catalog = parameters.catalog();
    if (catalog != nullptr && catalog->find_computed(*place.table, field.name) != nullptr) {
      return forward("computed column " + field.name);
    }
    // Postgres reads row.count as count(row).
    if (field.name == "count") return forward("a count beside other columns");
    if (is_known_of_rows(*place.table, field.name)) return forward(field.name + " of a row");
    return unknown_column(place, field.name);
  }
  if (auto left_out = check_kept(place, *column); !left_out) return std::move(left_out).error();
  if (column->custom_casts) return forward("casts of domain " + column->domain);
  Operand operand;
  operand.sql = place.alias + "." + quote_identifier(column->storage_name);
  HF_TRY(operand.type, parameters.in_session(column->type));
  operand.byte_order = column->byte_order;
  if (!column->byte_order) operand.collation = &column->collation;
  operand.letters = column->letters.empty() ? column->collation : column->letters;
  operand.nullable = column->nullable;
  operand.plain_column = true;
  if (!column->domain.empty()) operand.domain = spoken_domain(place, *column);
  if (!field.path.empty() || holds_jsonb(*operand.type)) {
    operand.byte_order = default_is_byte_order(parameters.catalog());
    operand.collation = nullptr;
    operand.letters = parameters.catalog()->session().letters;
  }
  if (field.path.empty()) return operand;
  return follow_path(std::move(operand), field.path, parameters);
}

Result<Operand> cast_operand(const Operand& operand, const std::string& cast,
                             Parameters& parameters) {
  std::deque<Type> owned;
  owned.push_back(make_type(cast));
  const Type& target = owned.back();
  if (target.kind == TypeKind::kOther && is_unknown_type(*parameters.catalog(), cast)) {
    return invalid_request("42704", "type \"" + to_lower(cast) + "\" does not exist");
  }
  if (!casts_exactly(*operand.type, target)) {
    if (!has_cast(*operand.type, target)) return no_cast(operand, target);
    return forward("cast of " + operand.type->name + " to " + cast);
  }
  auto shape = std::make_unique<RowShape>();
  shape->owned_types = std::move(owned);
  HF_TRY(const Type* const kept, parameters.in_session(shape->owned_types.front()));
  shape->members.push_back({{}, {}, operand.type, Member::Kind::kValue});
  shape->members.push_back({{}, {}, kept, Member::Kind::kValue});
  Operand out = operand;
  out.sql = "hf_cast(" + parameters.shape(std::move(shape)) + "," + operand.sql + ")";
  out.type = kept;
  out.plain_column = false;
  out.domain.clear();
  return out;
}

}  // namespace holdfast::cache::query
