#pragma once

#include <string>
#include <string_view>

#include "gateway/base/error.h"

// An Error on its way through an SQL function's error text.
namespace holdfast::cache::query {

std::string encode_outcome(const Error& error);
// nullopt for words that are SQLite's own.
std::optional<Error> decode_outcome(std::string_view words);

}  // namespace holdfast::cache::query
