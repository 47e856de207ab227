#include "cache/query/aggregate_functions.h"

#include <cmath>

#include "cache/query/function_arguments.h"
#include "cache/query/resolve.h"
#include "cache/values/codec.h"
#include "cache/values/exact_sum.h"
#include "cache/values/sort_key.h"

namespace holdfast::cache::query {
namespace {

// What an aggregate gathers; made at its first row.
template <typename State>
State& state_of(FunctionContext& context, const Type& type) {
  auto** state = static_cast<State**>(context.aggregate(sizeof(State*)));
  if (*state == nullptr) *state = new State(type);
  return **state;
}

// Null when there was no row.
template <typename State>
std::unique_ptr<State> take_state(FunctionContext& context) {
  auto** state = static_cast<State**>(context.aggregate(0));
  return std::unique_ptr<State>(state == nullptr ? nullptr : std::exchange(*state, nullptr));
}

struct Sum {
  // avg() of real adds in double precision, sum() does not.
  Sum(const Type& of, int bits) : type(of), floats(bits) {}

  void add(const ValueView& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) {
      is_float(type) ? floats.add(NAN) : decimals.add(*text);
    } else if (const auto* real = std::get_if<double>(&value)) {
      floats.add(*real);
    } else {
      const auto number = std::get<std::int64_t>(value);
      is_float(type) ? floats.add(static_cast<double>(number)) : decimals.add(number);
    }
  }

  const Type& type;
  DecimalSum decimals;
  FloatSum floats;
};

struct Total : Sum {
  explicit Total(const Type& of) : Sum(of, of.kind == TypeKind::kFloat4 ? 24 : 53) {}
};

struct Mean : Sum {
  explicit Mean(const Type& of) : Sum(of, 53) {}
};

template <typename State>
void add(FunctionContext& context, Arguments arguments) {
  if (!arguments.is_null(1)) state_of<State>(context, type_of(arguments)).add(arguments[1]);
}

Error inexact_sum() { return forward("a sum that depends on the order of its rows"); }

void finish_sum(FunctionContext& context) {
  const auto state = take_state<Total>(context);
  if (state == nullptr) return context.null();
  if (is_float(state->type)) {
    const auto sum = state->floats.sum();
    return sum ? context.real(*sum) : fail(context, inexact_sum());
  }
  const std::string sum = state->decimals.sum();
  const bool small = state->type.kind == TypeKind::kInt2 || state->type.kind == TypeKind::kInt4;
  if (!small) return context.text(sum);
  auto number = parse_text(make_type("bigint"), sum);
  return number ? context.value(view(*number))
                : fail(context, invalid_request("22003", "bigint out of range"));
}

void finish_average(FunctionContext& context) {
  const auto state = take_state<Mean>(context);
  if (state == nullptr) return context.null();
  if (is_float(state->type)) {
    if (!state->floats.squares_are_finite()) return fail(context, forward("very large numbers"));
    const auto sum = state->floats.sum();
    return sum ? context.real(*sum / static_cast<double>(state->floats.count()))
               : fail(context, inexact_sum());
  }
  const auto average = state->decimals.average();
  return average ? context.text(*average) : fail(context, forward("a very long average"));
}

template <bool kGreatest>
struct Extreme {
  explicit Extreme(const Type& of) : type(of) {}

  void add(const ValueView& added) {
    std::string added_key = sort_key(type, added);
    const int order = any ? added_key.compare(key) : kGreatest ? 1 : -1;
    if (order == 0) {
      ambiguous = ambiguous || own(added) != value;
    } else if ((order > 0) == kGreatest) {
      any = true;
      ambiguous = false;
      key = std::move(added_key);
      value = own(added);
    }
  }

  const Type& type;
  bool any = false;
  bool ambiguous = false;  // equal values that print differently: which one is taken is chance
  std::string key;
  Value value;
};

template <bool kGreatest>
void finish_extreme(FunctionContext& context) {
  const auto state = take_state<Extreme<kGreatest>>(context);
  if (state == nullptr) return context.null();
  if (state->ambiguous) return fail(context, forward("equal values that print differently"));
  context.value(view(state->value));
}

}  // namespace

void register_aggregates(Database& database) {
  database.define(AggregateFunction{"hf_sum", 2, add<Total>, finish_sum});
  database.define(AggregateFunction{"hf_avg", 2, add<Mean>, finish_average});
  database.define(AggregateFunction{"hf_min", 2, add<Extreme<false>>, finish_extreme<false>});
  database.define(AggregateFunction{"hf_max", 2, add<Extreme<true>>, finish_extreme<true>});
}

}  // namespace holdfast::cache::query
