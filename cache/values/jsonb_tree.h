#pragma once

#include <string>
#include <string_view>

// jsonb values compared as Postgres does. Texts are in the form of canonical_jsonb() of jsonb.h.
// Free functions; thread-safe.
namespace holdfast::cache {

// Orders bytewise as jsonb's btree operators do where strings are in byte order: numbers by value,
// containers by their size first.
std::string jsonb_sort_key(std::string_view jsonb);

// whole @> part
bool jsonb_contains(std::string_view whole, std::string_view part);

}  // namespace holdfast::cache
