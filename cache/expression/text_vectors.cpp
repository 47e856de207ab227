#include "cache/expression/text_vectors.h"

#include "cache/fulltext/vector.h"
#include "cache/values/tsvector.h"

namespace holdfast::cache::expression {
namespace {

bool is_text(const Typed& typed) { return typed.type.kind == TypeKind::kText; }
const std::string& content(const Typed& typed) { return std::get<std::string>(typed.value); }

std::optional<TsVector> vector_in(const Typed& typed) {
  if (typed.type.base != "tsvector") return std::nullopt;
  auto vector = parse_tsvector(content(typed));
  return vector ? std::optional(*std::move(vector)) : std::nullopt;
}

std::optional<Typed> printed(const std::optional<TsVector>& vector) {
  if (!vector) return std::nullopt;
  return Typed{make_type("tsvector"), print_tsvector(*vector)};
}

}  // namespace

std::optional<Typed> vector_of_text(std::span<const Typed> arguments) {
  if (arguments.size() != 2 || !is_text(arguments[0]) || !is_text(arguments[1]))
    return std::nullopt;
  const auto* configuration = fulltext::configuration_of(content(arguments[0]));
  if (configuration == nullptr) return std::nullopt;
  fulltext::WordCollector collector(*configuration);
  if (!collector.add(content(arguments[1]))) return std::nullopt;
  return printed(fulltext::vector_of_words(std::move(collector.words())));
}

std::optional<Typed> weighted_vector(std::span<const Typed> arguments) {
  if (arguments.size() != 2 || !is_text(arguments[1])) return std::nullopt;
  if (content(arguments[1]).size() != 1) return std::nullopt;
  auto vector = vector_in(arguments[0]);
  const auto weight = weight_of(content(arguments[1])[0]);
  if (!vector || !weight) return std::nullopt;
  return printed(with_weight(*std::move(vector), *weight));
}

std::optional<Typed> joined_vectors(const Typed& left, const Typed& right) {
  auto first = vector_in(left);
  auto second = vector_in(right);
  if (!first || !second) return std::nullopt;
  return printed(joined(*std::move(first), *std::move(second)));
}

}  // namespace holdfast::cache::expression
