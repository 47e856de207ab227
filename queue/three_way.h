#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/replica/overlay.h"
#include "queue/row_version.h"
#include "queue/row_write.h"

namespace holdfast::queue {

// One write to a row against what others made of the row since: columns are indices.
struct ThreeWay {
  std::vector<std::size_t> ours;        // changed here, and by nobody else
  std::vector<std::size_t> collisions;  // changed on both sides, to different values
};

// Whether the column is the same on two sides. Numbers and documents are by value: a client or a
// server gives 1.50 back as 1.5, and json without its spaces, and has changed neither.
bool is_same(const cache::Column& column, const cache::Value& one, const cache::Value& other);

// What `object` names, an Effect's changes or a row as it was stored.
struct NamedColumns {
  std::vector<std::size_t> known;
  std::string unknown = {};  // one that the table has no more; empty: there is none
};
NamedColumns named_columns(const cache::Table& table, const std::string& object);

// The columns that `changes` (an Effect's) names and whose values differ from `base`, or are not
// kept here; all that it names when there is no base.
std::vector<std::size_t> changed_columns(const cache::Table& table, const std::string& changes,
                                         const std::optional<cache::Row>& base);

// The columns that `changes` names with the values that they have in `base`, as an app does that
// saves a whole form. Keys and bookkeeping columns are none.
std::vector<std::size_t> restated_columns(const cache::Table& table, const VersionColumns& columns,
                                          const std::string& changes, const cache::Row& base);

// The columns that an upsert which names `changes` overwrites in a row that is there.
std::vector<std::size_t> overwritten_columns(const cache::Table& table, const std::string& changes);

// Whether others have deleted the row since its base, or have changed one of these and the upsert
// would still meet it.
bool is_overtaken(const cache::Table& table, const RowWrite& upsert,
                  const std::optional<cache::Row>& now);

// `row` with the changes made; columns that they do not name stay. Changes that cannot be read are
// damage: throws.
cache::Row with_changes(const cache::Table& table, const std::string& changes, cache::Row row);

// Compares `changes` with `remote` over `base`. A column that both sides set to the same value is
// neither; the bookkeeping columns never collide.
ThreeWay compare_three_ways(const cache::Table& table, const VersionColumns& columns,
                            const std::string& changes, const std::optional<cache::Row>& base,
                            const cache::Row& remote);

// `changes` with only the members of `kept`, their values as the app wrote them.
std::string keep_columns(const cache::Table& table, const std::string& changes,
                         const std::vector<std::size_t>& kept);

// A row that an Effect holds as JSON; nullopt where it holds none. One that cannot be read is
// damage: throws.
std::optional<cache::Row> stored_row(const cache::Table& table,
                                     const std::optional<std::string>& text);

}  // namespace holdfast::queue
