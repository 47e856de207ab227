#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "cache/replica/computation.h"

// What other rows make of one that is written: 23503 and 23505 (hard case 16).
namespace holdfast::cache {

struct Violation {
  Error error;  // in Postgres' words
  // It is so whatever the upstream holds: a row of the same request or an own pending write causes
  // it, or the rows here are the truth. Else they may be stale.
  bool proved = false;
  std::string doubt;  // the reason to ask the upstream where nothing is proved
};

// The error of what is proved; what is not becomes the doubt, unless there is one.
std::optional<Error> refuse_if_proven(std::optional<Violation> violation, std::string& doubt);

// A foreign key of `after` that no row has: neither one that is here nor one of `request`, the rows
// of the same table that the request writes. Keys whose values are those of `before` are passed
// over; nullptr: there was no row.
std::optional<Violation> find_missing_parent(const Computation& computation, const Row& after,
                                             const Row* before, std::span<const Row> request);

// The same of all rows that a request writes, `afters`; `before`: what each of them was, or
// nullptr. Also rows that refer to one of them by values which no row of the request has any more
// (on update no action; restrict: whatever others take over). Notes in `changes` what is doubtful,
// and whether a row refers to a table of which none is kept.
std::optional<Error> check_references(const Computation& computation, std::span<const Row> afters,
                                      const std::function<const Row*(std::size_t)>& before,
                                      Changes& changes);

// A row here that has the values of `row` in `key`, a unique constraint or the primary key; but
// none of `replaced`, by key_of().
std::optional<Violation> find_duplicate(const Computation& computation, const Key& key,
                                        const Row& row, const std::set<std::string>& replaced);

// Whether it was a pending write that gave the visible row these values: only then nobody else can
// have changed them since.
bool has_own_values(const Computation& computation, const Table& table, const Row& visible,
                    const std::vector<std::size_t>& columns);

}  // namespace holdfast::cache
