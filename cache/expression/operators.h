#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "cache/catalog/type.h"
#include "cache/sqlite/value.h"

// What operators and functions of Postgres make of values (internal). A value that is no text of
// the type's own (see codec.h) is not given. nullopt: not known here, or an error in Postgres.
namespace holdfast::cache::expression {

struct Typed {
  Type type;
  Value value;
};

// = <> < <= > >= of values of one type (integers and texts may differ in theirs); of text only =
// and
// <>, as its order is its collation's. + - * / of integers, numerics and double precision, % of
// integers; || of texts; -> and ->> of a jsonb object by a key.
std::optional<Typed> apply_operator(std::string_view name, const Typed& left, const Typed& right);

std::optional<Typed> negative_of(const Typed& operand);

// abs, ceil, ceiling, floor, round of numbers; lower, upper (ASCII), length, char_length,
// character_length, octet_length, btrim, ltrim, rtrim of texts; nullif, greatest, least;
// to_tsvector with a configuration, setweight.
std::optional<Typed> call_function(std::string_view name, std::span<const Typed> arguments);

std::optional<Typed> cast_to(const Type& type, const Typed& operand);

// As cast_to(), but a text that is longer than the type's length is an error.
std::optional<Typed> assign_to(const Type& type, const Typed& operand);

Typed boolean(bool value);

}  // namespace holdfast::cache::expression
