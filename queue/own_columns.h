#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/catalog/table.h"

// Every column of a row, asked back beside what an app has asked for itself, so that the row is
// known here too. Free functions; thread-safe.
namespace holdfast::queue {

// A request's target with its select widened by them.
struct WiderSelect {
  std::string target;
  // The columns that the app has asked for, where it has named nothing else; otherwise the others
  // have names that no app gives.
  std::vector<std::string> asked;
};

enum class Rows { kMany, kSingle };

// nullopt where the target has no select of its own, or one that cannot be widened (aggregates;
// more than names of columns where one row is asked for, which not every server can).
std::optional<WiderSelect> with_own_columns(const std::string& target, const cache::Table& table,
                                            Rows rows);

struct SplitRows {
  std::string theirs;  // the answer as the app has asked for it
  std::string own;     // an array of complete rows
};

// Takes the answer to such a request apart; nullopt when it is none.
std::optional<SplitRows> split_rows(const std::string& body, const cache::Table& table,
                                    const std::vector<std::string>& asked);

}  // namespace holdfast::queue
