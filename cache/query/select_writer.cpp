#include "cache/query/select_writer.h"

#include <algorithm>

#include "cache/query/grouping.h"
#include "cache/query/new_rows.h"
#include "cache/values/codec.h"
#include "cache/values/stored_number.h"
#include "cache/values/text_order.h"

namespace holdfast::cache::query {
namespace {

// SQLite takes 127 arguments; wider rows are written in fragments of this many members.
constexpr std::size_t kFragmentMembers = 100;

std::string qualified(const std::string& alias, const Table& table, std::size_t column) {
  return alias + "." + quote_identifier(table.columns[column].storage_name);
}

// left.column = right.column, when both compare alike.
Result<std::string> equal_columns(const std::string& left_alias, const Table& left,
                                  std::size_t left_column, const std::string& right_alias,
                                  const Table& right, std::size_t right_column) {
  if (!left.columns[left_column].kept || !right.columns[right_column].kept) {
    return forward("a relationship by a column that is not kept here");
  }
  if (is_nondeterministic(left.columns[left_column].collation) ||
      is_nondeterministic(right.columns[right_column].collation)) {
    return forward("a relationship under a nondeterministic collation");
  }
  const Type& a = left.columns[left_column].type;
  const Type& b = right.columns[right_column].type;
  const bool alike = a.kind == b.kind || (is_integer(a.kind) && is_integer(b.kind));
  if (!alike || !compares_exactly(a) || !compares_exactly(b)) {
    return forward("a relationship of " + a.name + " and " + b.name);
  }
  // The plus takes the right column's affinity away, which could keep an index on the left one from
  // being used; stored forms of one type compare without any.
  return collated(qualified(left_alias, left, left_column), a) + " = +" +
         qualified(right_alias, right, right_column);
}

std::string and_where(const std::vector<std::string>& conditions) {
  return conditions.empty() ? std::string() : " WHERE " + balanced(conditions, " AND ");
}

std::string member_prefix(const std::string& name) {
  std::string prefix = ",";
  append_json_string(name, prefix);
  return prefix + ':';
}

// Whether SQLite's default, NULL as the least value, is not what is wanted.
const char* nulls_words(const OrderTerm& term, bool nullable) {
  if (!nullable) return "";
  const bool first =
      term.nulls == NullsOrder::kDefault ? term.descending : term.nulls == NullsOrder::kFirst;
  return first ? " NULLS FIRST" : " NULLS LAST";
}

}  // namespace

SelectWriter::SelectWriter(Parameters& parameters, const PlanOptions& options)
    : parameters_(parameters),
      options_(options),
      conditions_(parameters, options, [this](const Place& embed) { return exists(embed); }) {}

std::unique_ptr<RowShape> SelectWriter::shape(const std::vector<OutputColumn>& columns) const {
  auto shape = std::make_unique<RowShape>();
  for (const auto& column : columns) {
    shape->members.push_back({column.name, member_prefix(column.name), column.type, column.kind});
    shape->holds_json |=
        column.kind == Member::Kind::kValue && column.type->kind == TypeKind::kJson;
  }
  return shape;
}

std::string SelectWriter::arguments(const std::vector<OutputColumn>& columns) {
  if (columns.size() <= kFragmentMembers) {
    std::string sql = parameters_.shape(shape(columns));
    for (const auto& column : columns) sql += "," + column.sql;
    return sql;
  }
  std::vector<OutputColumn> fragments;
  for (std::size_t i = 0; i < columns.size(); i += kFragmentMembers) {
    const auto first = columns.begin() + static_cast<std::ptrdiff_t>(i);
    const auto last = columns.begin() +
                      static_cast<std::ptrdiff_t>(std::min(i + kFragmentMembers, columns.size()));
    fragments.push_back({{},
                         "hf_fragment(" + arguments(std::vector<OutputColumn>(first, last)) + ")",
                         nullptr,
                         Member::Kind::kFragment,
                         {}});
  }
  return arguments(fragments);
}

Result<std::string> SelectWriter::object_of(const Place& embed,
                                            const std::vector<OutputColumn>& columns) {
  HF_TRY_VOID(check_order_of_one(embed));
  const std::string object = "hf_object(" + arguments(columns) + ")";
  if (embed.joined)
    return "CASE WHEN " + embed.alias + ".rowid IS NOT NULL THEN " + object + " END";
  HF_TRY(const auto rows, rows_of(embed));
  if (!embed.aggregated()) return "(SELECT " + object + rows + ")";
  HF_TRY(const auto groups, group_by(columns));
  return "(SELECT " + object + rows + groups + ")";
}

Result<void> SelectWriter::check_order_of_one(const Place& embed) {
  Parameters unused(*parameters_.catalog());
  SelectWriter writer(unused, options_);
  HF_TRY_VOID(writer.order(embed));
  return {};
}

Result<void> SelectWriter::check_unshown(const Place& embed) {
  Parameters unused(*parameters_.catalog());
  SelectWriter writer(unused, options_);
  HF_TRY_VOID(writer.where(embed));
  HF_TRY_VOID(writer.order(embed));
  if (const auto& refused = unused.refused()) HF_TRY_VOID(parameters_.defer_refusal(*refused));
  return {};
}

Result<std::string> SelectWriter::rows_of(const Place& embed) {
  HF_TRY(std::string sql, from(embed));
  HF_TRY(auto all, link(embed));
  HF_TRY(auto own, conditions(embed, true));
  all.insert(all.end(), own.begin(), own.end());
  return " FROM " + sql + and_where(all);
}

std::optional<std::int64_t> SelectWriter::limit_of(const Place& embed) const {
  if (options_.max_rows <= 0) return embed.range.limit;
  return std::min(embed.range.limit.value_or(options_.max_rows), options_.max_rows);
}

Result<std::string> SelectWriter::ordered_rows_of(const Place& embed,
                                                  std::vector<OutputColumn>& columns) {
  HF_TRY(std::string rows, rows_of(embed));
  HF_TRY(std::string terms, order(embed));
  const auto limit = limit_of(embed);
  const bool limited = limit || embed.range.offset != 0;
  if (embed.aggregated()) {
    HF_TRY(const auto groups, group_by(columns));
    rows += groups;
  } else if (terms.empty() && !limited && !embed.spread && !options_.new_rows_last) {
    return rows;
  } else {
    // Each column of a spread is a list of its own, for which SQLite may walk another index.
    terms += (terms.empty() ? "" : ", ") + insertion_order(embed, options_);
  }
  std::string selected;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string name = "c" + std::to_string(i);
    selected += (i > 0 ? "," : "") + columns[i].sql + " AS " + name;
    columns[i].sql = "s." + name;
  }
  std::string sql = " FROM (SELECT " + selected + rows;
  if (!terms.empty()) sql += " ORDER BY " + terms;
  if (limited) sql += " LIMIT " + parameters_.value(limit.value_or(-1));
  if (embed.range.offset != 0) sql += " OFFSET " + parameters_.value(embed.range.offset);
  return sql + ") AS s";
}

Result<std::string> SelectWriter::array_of(const Place& embed, std::vector<OutputColumn> columns) {
  HF_TRY(const auto rows, ordered_rows_of(embed, columns));
  return "(SELECT hf_rows(" + arguments(columns) + ")" + rows + ")";
}

Result<std::string> SelectWriter::count_of(const Place& embed, std::string name) {
  HF_TRY(const auto rows, rows_of(embed));
  const OutputColumn count{std::move(name), "s.c0", &bigint_type(), Member::Kind::kValue, {}};
  return "(SELECT hf_rows(" + arguments({count}) + ") FROM (SELECT count(*) AS c0" + rows +
         ") AS s)";
}

Result<std::string> SelectWriter::list_of(const Place& embed, OutputColumn column) {
  std::vector<OutputColumn> one = {std::move(column)};
  HF_TRY(const auto rows, ordered_rows_of(embed, one));
  return "(SELECT hf_list(" + arguments(one) + ")" + rows + ")";
}

// PostgREST asks whether the list of an embed's rows is null. Aggregates without groups are a row
// even of nothing; its count of the parent's rows looks for rows of the table all the same.
Result<bool> SelectWriter::has_always_rows(const Place& embed) const {
  if (!embed.aggregated()) return false;
  const bool cut = embed.range.offset != 0 || embed.range.limit == 0;
  if (!embed.to_many() || !embed.embeds.empty() || cut) return forward("a null test of aggregates");
  return windowed_ && std::all_of(embed.fields.begin(), embed.fields.end(),
                                  [](const auto* field) { return field->aggregate.has_value(); });
}

Result<std::string> SelectWriter::exists(const Place& embed) {
  HF_TRY(const bool always, has_always_rows(embed));
  if (always) return std::string("1");
  HF_TRY(auto all, link(embed));
  HF_TRY(auto own, conditions(embed, false));
  all.insert(all.end(), own.begin(), own.end());
  std::string sql = "EXISTS (SELECT 1 FROM " + bare_from(embed) + and_where(all);
  const Range& range = embed.range;
  if (windowed_ && (range.limit || range.offset != 0)) {
    sql += " LIMIT " + parameters_.value(range.limit.value_or(-1));
    if (range.offset != 0) sql += " OFFSET " + parameters_.value(range.offset);
  }
  return sql + ")";
}

// How the embed's rows belong to its parent's row.
Result<std::vector<std::string>> SelectWriter::link(const Place& embed) const {
  const Relationship& relationship = embed.relationship;
  const Table& parent = *embed.parent->table;
  const bool through = relationship.junction != nullptr;
  const Table& near = through ? *relationship.junction : *embed.table;
  const std::string near_alias = through ? embed.junction_alias() : embed.alias;
  std::vector<std::string> terms;
  for (const auto& [here, there] : relationship.columns) {
    HF_TRY(auto term, equal_columns(near_alias, near, there, embed.parent->alias, parent, here));
    terms.push_back(std::move(term));
  }
  for (const auto& [target, junction] : relationship.target_columns) {
    HF_TRY(auto term, equal_columns(embed.alias, *embed.table, target, near_alias, near, junction));
    terms.push_back(std::move(term));
  }
  if (windowed_ && embed.left_out) terms.emplace_back("0");
  return terms;
}

std::string SelectWriter::bare_from(const Place& place) const {
  std::string sql = quote_identifier(place.table->storage_name) + " AS " + place.alias;
  if (place.embed != nullptr && place.relationship.junction != nullptr) {
    sql += " JOIN " + quote_identifier(place.relationship.junction->storage_name) + " AS " +
           place.junction_alias();
  }
  return sql;
}

Result<std::string> SelectWriter::from(const Place& place) {
  std::string sql = bare_from(place);
  HF_TRY_VOID(add_joins(place, sql));
  return sql;
}

Result<void> SelectWriter::add_joins(const Place& place, std::string& sql) {
  for (const auto& embed : place.embeds) {
    if (!embed->joined) continue;
    HF_TRY(auto terms, link(*embed));
    HF_TRY(auto own, conditions(*embed, false));
    terms.insert(terms.end(), own.begin(), own.end());
    sql += " LEFT JOIN " + bare_from(*embed) + " ON " + balanced(terms, " AND ");
    HF_TRY_VOID(add_joins(*embed, sql));
  }
  return {};
}

Result<std::vector<std::string>> SelectWriter::conditions(const Place& place, bool joins_in_scope) {
  std::vector<std::string> terms;
  for (const Condition* condition : place.conditions) {
    HF_TRY(auto term, conditions_.write(place, *condition));
    terms.push_back(std::move(term));
  }
  for (const auto& embed : place.embeds) {
    if (embed->join != JoinKind::kInner) continue;
    if (embed->joined && joins_in_scope) {
      terms.push_back(embed->alias + ".rowid IS NOT NULL");
      continue;
    }
    HF_TRY(auto term, exists(*embed));
    terms.push_back(std::move(term));
  }
  return terms;
}

Result<std::string> SelectWriter::where(const Place& place) {
  HF_TRY(const auto terms, conditions(place, true));
  return balanced(terms, " AND ");
}

Result<std::string> SelectWriter::bare_where(const Place& place) {
  windowed_ = false;
  auto terms = conditions(place, false);
  windowed_ = true;
  if (!terms) return std::move(terms).error();
  return balanced(*terms, " AND ");
}

namespace {

// How many members of its parent's rows the embed gives this name.
int members_named(const Place& embed, const std::string& name) {
  if (!embed.spread) return embed.name == name ? 1 : 0;
  int named = 0;
  for (const SelectField* field : embed.fields) {
    const auto& shown = field->alias.empty() ? field->field.name : field->alias;
    named += shown == name || (shown == "*" && embed.table->find_column(name) != nullptr) ? 1 : 0;
  }
  for (const auto& inner : embed.embeds) named += members_named(*inner, name);
  return named;
}

}  // namespace

Result<Operand> SelectWriter::related_order_operand(const Place& embed, const Field& wanted) {
  bool all = embed.fields.empty() && embed.embeds.empty();
  const SelectField* shown = nullptr;
  int named = 0;
  for (const SelectField* field : embed.fields) {
    all = all || field->field.name == "*";
    const bool plain = !field->aggregate && field->cast.empty() && field->field.path.empty();
    if ((field->alias.empty() ? field->field.name : field->alias) != wanted.name) continue;
    ++named;
    if (plain) shown = field;
  }
  for (const auto& inner : embed.embeds) named += members_named(*inner, wanted.name);
  // A root's own column is made JSON for a path, another one is not.
  const auto operand = [&](const Field& field) -> Result<Operand> {
    const Column* column = embed.table->find_column(field.name);
    const bool is_json = column == nullptr || column->type.kind == TypeKind::kJson ||
                         column->type.kind == TypeKind::kJsonb;
    if (!field.path.empty() && !is_json) return forward("a related order by a path into no JSON");
    return operand_of(embed, field, parameters_);
  };
  if (all && named == 0) return operand(wanted);
  if (all || named != 1 || shown == nullptr) {
    return forward("a related order by what is not selected");
  }
  Field field = shown->field;
  field.path = wanted.path;
  return operand(field);
}

Result<std::string> SelectWriter::order(const Place& place) {
  // SQLite takes 2000 terms, and aggregated rows are ordered by their group besides.
  constexpr std::size_t kMostTerms = 1'000;
  if (place.order.size() > kMostTerms) return forward("more than a thousand order terms");
  std::string sql;
  for (const auto& each : place.order) {
    const auto& [term, embed] = each;
    HF_TRY(const Operand operand, place.aggregated()
                                      ? grouped_order_operand(place, each, parameters_)
                                  : embed == nullptr ? operand_of(place, term->field, parameters_)
                                                     : related_order_operand(*embed, term->field));
    HF_TRY_VOID(conditions_.check_sorting(operand));
    const std::string key = conditions_.order_key(operand);
    if (!sql.empty()) sql += ", ";
    sql += key + (term->descending ? " DESC" : "") +
           nulls_words(*term, operand.nullable || embed != nullptr);
  }
  return sql;
}

}  // namespace holdfast::cache::query
