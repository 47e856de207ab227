#include "cache/query/query.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "cache/query/grammar.h"
#include "cache/query/syntax.h"
#include "cache/values/text.h"
#include "gateway/http/uri.h"

namespace holdfast::cache::query {
namespace {

struct Parameter {
  std::string name;
  std::string value;
};

// As the server's HTTP library does: '&' and ';' separate, a part without '=' is no parameter.
std::vector<Parameter> split_parameters(std::string_view raw) {
  std::vector<Parameter> parameters;
  while (!raw.empty()) {
    const auto end = std::min(raw.find_first_of("&;"), raw.size());
    const auto part = raw.substr(0, end);
    raw.remove_prefix(std::min(end + 1, raw.size()));
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    std::string name = http::query_decode(part.substr(0, equals));
    if (name != "apikey") {
      parameters.push_back(
          {mend_utf8(std::move(name)), mend_utf8(http::query_decode(part.substr(equals + 1)))});
    }
  }
  return parameters;
}

std::string_view last_word(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

enum class Role { kSelect, kColumns, kOnConflict, kOrder, kLogic, kLimit, kOffset, kFilter };

Role role_of(std::string_view name) {
  if (name == "select") return Role::kSelect;
  if (name == "columns") return Role::kColumns;
  if (name == "on_conflict") return Role::kOnConflict;
  const auto word = last_word(name);
  if (word == "order") return Role::kOrder;
  if (word == "and" || word == "or") return Role::kLogic;
  if (word == "limit") return Role::kLimit;
  if (word == "offset") return Role::kOffset;
  return Role::kFilter;
}

const std::string* first_of(const std::vector<Parameter>& parameters, Role role) {
  for (const auto& parameter : parameters) {
    if (role_of(parameter.name) == role) return &parameter.value;
  }
  return nullptr;
}

struct WholeNumber {
  std::int64_t value;
  bool too_large = false;
};

// Below everything that makes a difference, and far enough from where a difference overflows.
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min() / 4;

// Empty for what is no whole number; the parameter then counts as absent.
std::optional<WholeNumber> whole_number(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(' ') - first + 1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc()) return WholeNumber{std::max(value, kLeast)};
  if (text.front() == '-') return WholeNumber{kLeast};
  return WholeNumber{std::numeric_limits<std::int64_t>::max(), true};
}

Range& range_at(QueryTree& tree, const EmbedPath& path) {
  for (auto& [known, range] : tree.ranges) {
    if (known == path) return range;
  }
  return tree.ranges.emplace_back(path, Range{}).second;
}

// Each kind of parameter in turn, as PostgREST does: it decides which error is reported.
Result<void> parse_orders(const std::vector<Parameter>& parameters, QueryTree& tree) {
  for (const auto& [name, value] : parameters) {
    if (role_of(name) != Role::kOrder) continue;
    HF_TRY(auto order, grammar::parse_order(name, value));
    tree.order.push_back(std::move(order));
  }
  return {};
}

Result<void> parse_logics(const std::vector<Parameter>& parameters, QueryTree& tree) {
  for (const auto& [name, value] : parameters) {
    if (role_of(name) != Role::kLogic) continue;
    HF_TRY(auto logic, grammar::parse_logic(name, value));
    tree.logic.push_back(std::move(logic));
  }
  return {};
}

Result<void> parse_selects(const std::vector<Parameter>& parameters, QueryTree& tree) {
  if (const auto* columns = first_of(parameters, Role::kColumns)) {
    HF_TRY(tree.columns, grammar::parse_names("columns", *columns));
  }
  const auto* select = first_of(parameters, Role::kSelect);
  tree.has_select = select != nullptr;
  HF_TRY(tree.select, grammar::parse_select(select == nullptr ? "*" : *select));
  if (tree.select.empty()) {
    SelectField all;
    all.field.name = "*";
    tree.select.emplace_back(std::move(all));
  }
  return {};
}

Result<void> parse_filters(const std::vector<Parameter>& parameters, QueryTree& tree) {
  for (const auto& [name, value] : parameters) {
    if (role_of(name) != Role::kFilter) continue;
    HF_TRY(auto filter, grammar::parse_filter(name, value));
    tree.filters.push_back(std::move(filter));
  }
  if (const auto* on_conflict = first_of(parameters, Role::kOnConflict)) {
    HF_TRY(tree.on_conflict, grammar::parse_names("on_conflict", *on_conflict));
  }
  return {};
}

Result<void> parse_ranges(const std::vector<Parameter>& parameters, QueryTree& tree) {
  std::vector<EmbedPath> limits_without_number;
  std::vector<EmbedPath> offsets;
  for (const auto& [name, value] : parameters) {
    const Role role = role_of(name);
    if (role != Role::kLimit && role != Role::kOffset) continue;
    HF_TRY(const EmbedPath path, grammar::parse_embed_path(name));
    const auto number = whole_number(value);
    Range& range = range_at(tree, path);
    if (role == Role::kLimit) {
      range.limit = number ? std::optional(number->value) : std::nullopt;
      range.limit_too_large = number && number->too_large;
      if (!number) limits_without_number.push_back(path);
    } else {
      range.offset = number ? number->value : 0;
      range.offset_too_large = number && number->too_large;
      offsets.push_back(path);
    }
  }
  // Beside an offset a limit that is no number is none at all, alone it is no limit.
  for (const EmbedPath& path : limits_without_number) {
    const bool beside_offset = std::find(offsets.begin(), offsets.end(), path) != offsets.end();
    Range& range = range_at(tree, path);
    if (beside_offset && !range.limit) range.limit = 0;
  }
  return {};
}

}  // namespace

Result<Query> Query::parse(std::string_view raw) {
  const auto parameters = split_parameters(raw);
  auto tree = std::make_shared<QueryTree>();
  HF_TRY_VOID(parse_orders(parameters, *tree));
  HF_TRY_VOID(parse_logics(parameters, *tree));
  HF_TRY_VOID(parse_selects(parameters, *tree));
  HF_TRY_VOID(parse_filters(parameters, *tree));
  HF_TRY_VOID(parse_ranges(parameters, *tree));
  Query query;
  query.tree_ = std::move(tree);
  return query;
}

const std::vector<std::string>& Query::columns() const { return tree_->columns; }
const std::vector<std::string>& Query::on_conflict() const { return tree_->on_conflict; }
bool Query::has_select() const { return tree_->has_select; }

bool Query::may_show(std::string_view column) const {
  return std::any_of(tree_->select.begin(), tree_->select.end(), [&](const SelectItem& item) {
    const auto* shown = std::get_if<SelectField>(&item);
    return shown == nullptr || shown->field.name == "*" || shown->field.name == column;
  });
}

std::optional<std::int64_t> Query::limit() const {
  const Range* range = tree_->root_range();
  return range == nullptr ? std::nullopt : range->limit;
}

std::int64_t Query::offset() const {
  const Range* range = tree_->root_range();
  return range == nullptr ? 0 : range->offset;
}

std::optional<Query> Query::with_values(
    const std::function<std::optional<std::string>(const std::string& value)>& replace) const {
  auto tree = std::make_shared<QueryTree>(*tree_);
  bool changed = false;
  const auto put = [&](std::string& value) {
    if (auto other = replace(value)) {
      value = *std::move(other);
      changed = true;
    }
  };
  const std::function<void(Condition&)> visit = [&](Condition& condition) {
    for (Condition& operand : condition.operands) visit(operand);
    put(condition.filter.value);
    for (std::string& value : condition.filter.values) put(value);
  };
  for (auto* conditions : {&tree->filters, &tree->logic}) {
    for (auto& [path, condition] : *conditions) visit(condition);
  }
  if (!changed) return std::nullopt;
  Query query;
  query.tree_ = std::move(tree);
  return query;
}

const std::string* Condition::equal_value(std::string_view column) const {
  const bool equality = kind == Kind::kFilter && !filter.negated && filter.op == Operator::kEq &&
                        filter.quantifier == Quantifier::kNone && filter.field.path.empty();
  return equality && filter.field.name == column ? &filter.value : nullptr;
}

const std::string* Query::equal_value(std::string_view column) const {
  for (const auto& [path, condition] : tree_->filters) {
    const std::string* value = path.empty() ? condition.equal_value(column) : nullptr;
    if (value != nullptr) return value;
  }
  return nullptr;
}

}  // namespace holdfast::cache::query
