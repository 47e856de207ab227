// The members of an answered row: SelectWriter::outputs() and what it consists of.

#include <algorithm>
#include <map>
#include <set>

#include "cache/query/grouping.h"
#include "cache/query/operators.h"
#include "cache/query/select_writer.h"

namespace holdfast::cache::query {
namespace {

// SQLite takes 2000 columns in a result.
constexpr std::size_t kMaxColumns = 1900;

// select=comments(count): Postgres reads row.count as count(row), where no column has that name.
const SelectField* row_count(const Place& place) {
  if (place.fields.size() != 1 || !place.embeds.empty()) return nullptr;
  const SelectField& field = *place.fields[0];
  const bool plain = field.field.path.empty() && !field.aggregate && field.cast.empty();
  if (!plain || field.field.name != "count" || place.table->find_column("count")) return nullptr;
  const bool whole = place.order.empty() && !place.range.limit && place.range.offset == 0;
  return whole ? &field : nullptr;
}

// Its columns are read by a subquery of its own that answers one row.
bool is_object(const Place& embed) {
  return !embed.to_many() && !embed.spread && !embed.joined && embed.join != JoinKind::kInner;
}

bool prints_alike(const OutputColumn& column) {
  return column.kind == Member::Kind::kJson ? column.alike : groups_exactly(*column.type);
}

// PostgREST gives embeds as jsonb: of two members of one name the last, the short names first.
void order_as_jsonb(const Place& embed, std::vector<OutputColumn>& columns) {
  std::stable_sort(columns.begin(), columns.end(), [](const auto& left, const auto& right) {
    return left.name.size() != right.name.size() ? left.name.size() < right.name.size()
                                                 : left.name < right.name;
  });
  // By a plain column rows are grouped, shown or not.
  const bool grouped = embed.aggregated();
  const auto overruled = [grouped](const auto& last, const auto& other) {
    return last.name == other.name && (!grouped || other.group.empty());
  };
  // From behind, so that the last one stays.
  const auto kept = std::unique(columns.rbegin(), columns.rend(), overruled);
  columns.erase(columns.begin(), kept.base());
}

// PostgREST selects a spread's columns by their names from a subquery, where each has to be one's
// alone.
Result<void> check_spread_names(const std::vector<OutputColumn>& columns) {
  std::map<std::string_view, int> counts;
  for (const auto& column : columns) ++counts[column.name];
  const auto twice = std::ranges::find_if(
      columns, [&](const OutputColumn& column) { return counts[column.name] > 1; });
  if (twice == columns.end()) return {};
  return invalid_request("42702", "column reference \"" + twice->name + "\" is ambiguous");
}

// A column of the joined subquery that an aggregate of a to-one spread is over, by the name that it
// has there.
const std::string& hoisted_name(const SelectField& field) {
  return field.alias.empty() ? field.field.name : field.alias;
}

// Where that subquery has two of one name, Postgres refuses the reference.
bool hoists_one_name_twice(const Place& spread) {
  std::set<std::string_view> names;
  bool aggregates = false;
  bool twice = false;
  for (const SelectField* field : spread.fields) {
    if (field->aggregate && field->field.name == "*") continue;
    aggregates = aggregates || field->aggregate;
    twice = !names.insert(hoisted_name(*field)).second || twice;
  }
  return aggregates && twice;
}

// PostgREST writes out the columns of a `*` beside aggregates of the same node or of one above it.
bool expands_star(const Place& place) {
  const auto aggregates = [](const Place& each) {
    return std::ranges::any_of(
        each.fields, [](const SelectField* field) { return field->aggregate.has_value(); });
  };
  const Place* scope = &scope_of(place);
  for (const Place* each = &place;; each = each->parent) {
    if (aggregates(*each)) return true;
    if (each == scope) return false;
  }
}

}  // namespace

Result<std::vector<OutputColumn>> SelectWriter::outputs(const Place& place) {
  std::vector<OutputColumn> columns;
  const bool one_group = place.embed == nullptr ? !options_.range : is_object(place);
  const SelectField* count = one_group ? row_count(place) : nullptr;
  if (count != nullptr) {
    columns.push_back({count->alias.empty() ? "count" : count->alias,
                       "count(*)",
                       &bigint_type(),
                       Member::Kind::kValue,
                       {}});
    return columns;
  }
  HF_TRY_VOID(add_fields(place, columns));
  std::set<std::string> joined;
  for (const auto& embed : place.embeds) {
    HF_TRY_VOID(embed->spread ? add_spread(*embed, columns, joined)
                              : add_embed(*embed, columns, joined));
  }
  const auto met = std::ranges::find_if(columns, [&](const OutputColumn& column) {
    return column.by_name && joined.contains(column.name);
  });
  if (met != columns.end()) return forward("grouping by a name that an embed's column has");
  if (columns.size() > kMaxColumns) return forward("more than 1900 columns");
  return columns;
}

Result<void> SelectWriter::add_fields(const Place& place, std::vector<OutputColumn>& out) {
  for (const SelectField* field : place.fields) {
    if (field->field.name == "*" && !field->aggregate) {
      if (scope_of(place).aggregated() && !expands_star(place)) {
        return forward("all columns beside aggregates of a spread");
      }
      HF_TRY_VOID(add_all_columns(place, out));
      continue;
    }
    auto column = field->aggregate ? aggregate_output(place, *field) : field_output(place, *field);
    if (!column) return std::move(column).error();
    out.push_back(*std::move(column));
  }
  return {};
}

Result<OutputColumn> SelectWriter::field_output(const Place& place, const SelectField& field) {
  HF_TRY(Operand operand, operand_of(place, field.field, parameters_));
  HF_TRY(std::string group, group_key(place, operand));
  // PostgREST groups by the name of a path or an alias (pgFmtGroup), and by what a spread's
  // subquery gives: by the cast value.
  const bool in_spread = &scope_of(place) != &place;
  const bool named = !field.alias.empty() || !field.field.path.empty();
  if (!field.cast.empty()) {
    HF_TRY(operand, cast_operand(operand, field.cast, parameters_));
    if (named || in_spread) {
      HF_TRY(group, group_key(place, operand));
    }
  }
  std::string name = field.alias;
  if (name.empty()) {
    name = field.field.name;
    // A path is named by its last key; an index has no name of its own.
    for (const auto& step : field.field.path) {
      if (const auto* key = std::get_if<std::string>(&step.operand)) name = *key;
    }
  }
  const bool by_name = !group.empty() && named && !in_spread;
  const bool itself = name == field.field.name && field.cast.empty() && field.field.path.empty();
  if (by_name && !itself && place.table->find_column(name)) {
    return forward("grouping by a name that a column has");
  }
  OutputColumn column{std::move(name), std::move(operand.sql), operand.type, Member::Kind::kValue,
                      std::move(group)};
  column.by_name = by_name;
  return column;
}

Result<OutputColumn> SelectWriter::aggregate_output(const Place& place, const SelectField& field) {
  const Aggregate aggregate = *field.aggregate;
  Operand operand = count_of_rows(place);
  if (field.field.name != "*") {
    HF_TRY(operand, operand_of(place, field.field, parameters_));
    if (!field.cast.empty()) {
      HF_TRY(operand, cast_operand(operand, field.cast, parameters_));
    }
    if (aggregate == Aggregate::kMin || aggregate == Aggregate::kMax) {
      if (is_enum_domain(place.table->find_column(field.field.name))) {
        return forward("an extreme of a domain over an enum");
      }
      HF_TRY_VOID(conditions_.check_order(operand));
      if (operand.collation != nullptr) operand.sql = conditions_.order_key(operand);
    }
    HF_TRY(operand, aggregate_operand(std::move(operand), aggregate, parameters_));
  }
  if (!field.aggregate_cast.empty()) {
    HF_TRY(operand, cast_operand(operand, field.aggregate_cast, parameters_));
  }
  return OutputColumn{field.alias.empty() ? aggregate_name(aggregate) : field.alias,
                      std::move(operand.sql),
                      operand.type,
                      Member::Kind::kValue,
                      {}};
}

Result<std::string> SelectWriter::group_key(const Place& place, const Operand& operand) {
  if (!scope_of(place).aggregated()) return std::string();
  if (!groups_exactly(*operand.type)) return forward("groups of " + operand.type->name);
  HF_TRY_VOID(conditions_.check_equality(operand));
  return conditions_.equality_key(operand);
}

Result<std::string> SelectWriter::group_by(const std::vector<OutputColumn>& columns) {
  std::string sql;
  std::set<std::string_view> names;
  bool unique = true;
  for (const auto& column : columns) {
    unique = names.insert(column.name).second && unique;
    if (!column.group.empty()) sql += (sql.empty() ? " GROUP BY " : ", ") + column.group;
  }
  if (!unique && !sql.empty()) return forward("groups with two columns of one name");
  return sql;
}

Result<void> SelectWriter::add_all_columns(const Place& place, std::vector<OutputColumn>& out) {
  for (const Column& column : place.table->columns) {
    HF_TRY_VOID(check_kept(place, column));
    if (column.custom_casts) return forward("casts of domain " + column.domain);
    Operand operand;
    operand.sql = place.alias + "." + quote_identifier(column.storage_name);
    HF_TRY(operand.type, parameters_.in_session(column.type));
    HF_TRY(std::string group, group_key(place, operand));
    out.push_back({column.name, std::move(operand.sql), operand.type, Member::Kind::kValue,
                   std::move(group)});
  }
  return {};
}

Result<void> SelectWriter::add_embed(const Place& embed, std::vector<OutputColumn>& out,
                                     std::set<std::string>& joined) {
  const bool required = embed.join == JoinKind::kInner && !embed.to_many();
  if (embed.aggregated() && (embed.joined || required)) {
    return forward("aggregates in a joined embed");
  }
  if (const SelectField* count = embed.to_many() ? row_count(embed) : nullptr) {
    HF_TRY(auto sql, count_of(embed, count->alias.empty() ? "count" : count->alias));
    HF_TRY(auto column, embed_output(embed, {}, std::move(sql)));
    out.push_back(std::move(column));
    return {};
  }
  HF_TRY(auto columns, outputs(embed));
  if (columns.empty()) {
    // PostgREST asks a spread for it all the same.
    if (embed.parent->spread) return forward("an empty embed in a spread");
    // And groups by its name, which nothing has.
    if (scope_of(*embed.parent).aggregated()) return forward("an empty embed beside aggregates");
    return check_unshown(embed);
  }
  if (!embed.to_many()) {
    for (const auto& column : columns) joined.insert(column.name);
  }
  order_as_jsonb(embed, columns);
  Result<std::string> sql = embed.to_many() ? array_of(embed, columns) : object_of(embed, columns);
  if (!sql) return std::move(sql).error();
  HF_TRY(auto column, embed_output(embed, columns, *std::move(sql)));
  out.push_back(std::move(column));
  return {};
}

// Among aggregates, an embed's text stands for its value when its members print alike where they
// are equal.
Result<OutputColumn> SelectWriter::embed_output(const Place& embed,
                                                const std::vector<OutputColumn>& columns,
                                                std::string sql) const {
  OutputColumn out{embed.name, std::move(sql), &json_type(), Member::Kind::kJson, {}};
  out.alike = std::all_of(columns.begin(), columns.end(), prints_alike);
  if (!scope_of(*embed.parent).aggregated()) return out;
  if (!out.alike) return forward("an embed beside aggregates");
  if (embed.parent->table->find_column(embed.name)) {
    return forward("grouping by an embed that has a column's name");
  }
  out.group = out.sql;
  out.by_name = &scope_of(*embed.parent) == embed.parent;
  return out;
}

// To-one: the joined row's columns. To-many: each column becomes an array of the rows' values.
Result<void> SelectWriter::add_spread(const Place& embed, std::vector<OutputColumn>& out,
                                      std::set<std::string>& joined) {
  if (embed.to_many() && scope_of(*embed.parent).aggregated()) {
    return forward("a to-many spread beside aggregates");
  }
  // PostgREST orders what the limit has let through, in whatever order that came.
  const bool limited = embed.range.limit || embed.range.offset != 0;
  if (embed.to_many() && limited && !embed.order.empty()) {
    return forward("a limit of an ordered to-many spread");
  }
  HF_TRY(auto columns, outputs(embed));
  HF_TRY_VOID(check_spread_names(columns));
  if (!embed.to_many() && hoists_one_name_twice(embed)) {
    return forward("two columns of one name below an aggregate of a spread");
  }
  for (auto& column : columns) {
    if (embed.to_many()) {
      HF_TRY(column.sql, list_of(embed, column));
      column.type = &json_type();
      column.kind = Member::Kind::kJson;
    } else if (column.kind == Member::Kind::kJson) {
      column.sql = "CASE WHEN " + embed.alias + ".rowid IS NOT NULL THEN " + column.sql + " END";
      if (!column.group.empty()) column.group = column.sql;
    }
    joined.insert(column.name);
    out.push_back(std::move(column));
  }
  return {};
}

}  // namespace holdfast::cache::query
