#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/query/relationships.h"

// Relationships in PostgREST's words. Free functions; thread-safe.
namespace holdfast::cache::query {

// "orders_customer_fkey using orders(customer_id) and customers(id)"
std::string relationship_words(const Relationship& relationship);

// PGRST200. An empty `hint` is none; `suggestion` is the error's hint.
Error no_relationship(const Table& origin, std::string_view name, std::string_view hint,
                      std::optional<std::string> suggestion);

// PGRST201, with the candidates as JSON in its details.
Error ambiguous_relationship(const Table& origin, std::string_view name,
                             const std::vector<Relationship>& candidates);

}  // namespace holdfast::cache::query
