#include "cache/query/request_shape.h"

#include <algorithm>

#include "cache/query/literals.h"
#include "cache/query/row_window.h"
#include "cache/query/syntax.h"

namespace holdfast::cache::query {
namespace {

// Writes a syntax tree so that two trees have one text only when they differ in literals alone.
class KeyWriter {
 public:
  KeyWriter(std::string& key, std::vector<Literal>& literals) : key_(key), literals_(literals) {}

  void write(const QueryTree& tree) {
    list(tree.select, [&](const SelectItem& item) { select(item); });
    list(tree.filters, [&](const auto& filter) { placed(filter); });
    list(tree.logic, [&](const auto& logic) { placed(logic); });
    list(tree.order, [&](const auto& order) {
      path(order.first);
      list(order.second, [&](const OrderTerm& term) { write(term); });
    });
    list(tree.ranges, [&](const auto& range) {
      path(range.first);
      write(range.second, range.first.empty());
    });
  }

 private:
  void text(std::string_view value) {
    number(static_cast<std::int64_t>(value.size()));
    key_ += value;
  }
  void number(std::int64_t value) {
    key_ += std::to_string(value);
    key_ += ':';
  }
  template <typename Enum>
  void word(Enum value) {
    key_ += static_cast<char>('A' + static_cast<int>(value));
  }
  template <typename List, typename Each>
  void list(const List& items, Each each) {
    number(static_cast<std::int64_t>(items.size()));
    for (const auto& item : items) each(item);
  }
  void path(const EmbedPath& names) {
    list(names, [&](const std::string& name) { text(name); });
  }

  void field(const Field& field) {
    text(field.name);
    list(field.path, [&](const JsonStep& step) {
      word(step.as_text);
      word(step.operand.index());
      if (const auto* index = std::get_if<std::int64_t>(&step.operand)) {
        number(*index);
      } else {
        text(std::get<std::string>(step.operand));
      }
    });
  }

  void select(const SelectItem& item) {
    word(item.index());
    if (const auto* plain = std::get_if<SelectField>(&item)) {
      field(plain->field);
      text(plain->alias);
      text(plain->cast);
      number(plain->aggregate ? static_cast<int>(*plain->aggregate) : -1);
      return text(plain->aggregate_cast);
    }
    const auto& embed = std::get<SelectEmbed>(item);
    text(embed.name);
    text(embed.alias);
    text(embed.hint);
    word(embed.join);
    word(embed.spread);
    list(embed.items, [&](const SelectItem& inner) { select(inner); });
  }

  void placed(const std::pair<EmbedPath, Condition>& condition) {
    path(condition.first);
    write(condition.second);
  }

  void write(const Condition& condition) {
    word(condition.kind);
    word(condition.negated);
    if (condition.kind == Condition::Kind::kFilter) return write(condition.filter);
    list(condition.operands, [&](const Condition& operand) { write(operand); });
  }

  void write(const Filter& filter) {
    field(filter.field);
    word(filter.negated);
    word(filter.op);
    word(filter.quantifier);
    word(filter.is);
    text(filter.language);
    if (filter.op == Operator::kIn) return write_list(filter.values);
    if (takes_parameter(filter)) {
      literals_.push_back({&filter.value, nullptr});
    } else {
      text(filter.value);
    }
  }

  // An empty list, one value and several are three different conditions.
  void write_list(const std::vector<std::string>& values) {
    const bool one = values.size() == 1;
    key_ += !one ? '*' : values[0].empty() ? '0' : '1';
    if (one && values[0].empty()) return;
    if (one) {
      literals_.push_back({values.data(), nullptr});
    } else {
      literals_.push_back({nullptr, &values});
    }
  }

  static bool takes_parameter(const Filter& filter) {
    if (filter.quantifier != Quantifier::kNone) return false;
    switch (filter.op) {
      case Operator::kEq:
      case Operator::kNeq:
      case Operator::kGt:
      case Operator::kGte:
      case Operator::kLt:
      case Operator::kLte:
      case Operator::kLike:
      case Operator::kIlike:
      case Operator::kIsDistinct:
        return true;
      default:
        return false;
    }
  }

  void write(const OrderTerm& term) {
    text(term.embed);
    field(term.field);
    word(term.descending);
    word(term.nulls);
  }

  // The root's numbers are parameters; whether it has them is not.
  void write(const Range& range, bool root) {
    word(range.limit.has_value());
    word(range.offset != 0);
    if (root) return;
    number(range.limit.value_or(0));
    number(range.offset);
  }

  std::string& key_;
  std::vector<Literal>& literals_;
};

std::optional<Value> value_for(const LiteralSlot& slot, const Literal& literal) {
  if ((slot.use == LiteralUse::kList) != (literal.list != nullptr)) return std::nullopt;
  auto value = literal.list != nullptr ? literal_list(*slot.type, *literal.list)
                                       : literal_value(slot.use, *slot.type, *literal.text);
  if (!value) return std::nullopt;
  return *std::move(value);
}

}  // namespace

std::optional<RequestShape> shape_of(const Query& query, const PlanOptions& options) {
  auto window = row_window(query, options);
  if (!window) return std::nullopt;
  RequestShape shape;
  shape.window = *window;
  shape.key.reserve(256);
  shape.key +=
      static_cast<char>('A' + (window->has_limit() ? 1 : 0) + (window->offset > 0 ? 2 : 0));
  KeyWriter(shape.key, shape.literals).write(query.tree());
  return shape;
}

std::optional<Binding> rebind(const Plan& plan, const RequestShape& shape) {
  if (!plan.slots) return std::nullopt;
  Binding binding = plan.binding;
  binding.window = shape.window;
  for (const LiteralSlot& slot : *plan.slots) {
    auto value = value_for(slot, shape.literals[slot.literal]);
    if (!value) return std::nullopt;
    binding.values[static_cast<std::size_t>(slot.parameter) - 1] = *std::move(value);
  }
  if (plan.limit_parameter != 0) {
    binding.values[static_cast<std::size_t>(plan.limit_parameter) - 1] =
        shape.window.limit.value_or(-1);
  }
  if (plan.offset_parameter != 0) {
    binding.values[static_cast<std::size_t>(plan.offset_parameter) - 1] = shape.window.offset;
  }
  return binding;
}

void note_slots(const Query& query, const std::vector<LiteralParameter>& parameters, Plan& plan) {
  std::string key;
  std::vector<Literal> literals;
  KeyWriter(key, literals).write(query.tree());
  std::vector<bool> taken(literals.size());
  std::vector<LiteralSlot> slots;
  for (const auto& parameter : parameters) {
    for (std::size_t i = 0; i < literals.size(); ++i) {
      if (literals[i].address() != parameter.literal) continue;
      slots.push_back({i, parameter.number, parameter.use, parameter.type});
      taken[i] = true;
    }
  }
  const bool all = std::find(taken.begin(), taken.end(), false) == taken.end();
  if (all) plan.slots = std::move(slots);
}

}  // namespace holdfast::cache::query
