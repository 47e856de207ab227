#pragma once

#include <optional>
#include <span>

#include "cache/expression/operators.h"

// Functions of tsvectors, of values that are not NULL (internal). nullopt: not known here.
namespace holdfast::cache::expression {

// to_tsvector('english'::regconfig, text)
std::optional<Typed> vector_of_text(std::span<const Typed> arguments);
// setweight(tsvector, 'A'::"char")
std::optional<Typed> weighted_vector(std::span<const Typed> arguments);
// tsvector || tsvector
std::optional<Typed> joined_vectors(const Typed& left, const Typed& right);

}  // namespace holdfast::cache::expression
