#pragma once

#include <optional>
#include <string>

#include "cache/catalog/table.h"

// Every column of a row, asked back beside what an app has asked for itself, so that the row is
// known here too. Free functions; thread-safe.
namespace holdfast::queue {

// `target` with its select widened by them, under names that no app gives; nullopt where it has no
// select of its own, or one that cannot be widened (aggregates).
std::optional<std::string> with_own_columns(const std::string& target, const cache::Table& table);

struct SplitRows {
  std::string theirs;  // the answer as the app has asked for it
  std::string own;     // an array of complete rows
};

// Takes the answer to such a request apart; nullopt when it is none.
std::optional<SplitRows> split_rows(const std::string& body, const cache::Table& table);

}  // namespace holdfast::queue
