#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/replica/options.h"
#include "cache/replica/row.h"
#include "gateway/base/clock.h"

namespace holdfast::queue {

// The columns that tell one version of a row from another.
struct VersionColumns {
  std::optional<std::size_t> version;  // [tables.NAME] version_column
  std::optional<std::size_t> stamp;    // updated_at, see cache::stamp_column()
  std::optional<std::size_t> created;  // created_at

  bool any() const { return version || stamp || created; }
  // Columns that say when or how often a row changed, and not what it says.
  bool bookkeeping(std::size_t column) const { return column == version || column == stamp; }
};

// When it was last changed, by the upstream's clock, as far as the row says.
std::optional<Timestamp> changed_at(const cache::Row& row, const VersionColumns& columns);

VersionColumns version_columns(const cache::Table& table, const cache::TableOptions& options);

// Whether a write under the version that `base` has shows another one in `after`: then somebody
// raises it at every write, and nobody else has written in between.
bool raises_version(const VersionColumns& columns, const cache::Row& base, const cache::Row& after);

// What a deletion compares beside the version: every column that is kept and prints one way only.
std::vector<std::size_t> plain_columns(const cache::Table& table);

// A condition that only the row as it was in `base` meets, besides its key.
struct RowCondition {
  // Query parameters such as "version=eq.7&title=eq.a", percent-encoded; empty: there is none.
  std::string parameters;
  // It names every column that matters; else the row has to be read before.
  bool whole = true;
  // The columns of a whole_condition().
  std::vector<std::size_t> compared = {};
  // Restated columns that it does not compare: to send them could undo what others made of them.
  std::vector<std::size_t> left_out = {};
};

// What an update names: columns with other values than in the base, and with the same.
struct Named {
  std::vector<std::size_t> changed;
  std::vector<std::size_t> restated;
};

// For an update: the version columns, and what each column that it names was, so that a column that
// somebody else has changed is never overwritten by chance, even where an application forgets to
// raise the version, and sends every column of a form of which a person changed one.
RowCondition update_condition(const cache::Table& table, const VersionColumns& columns,
                              const cache::Row& base, const Named& named);

// For an update of a row that no version tells of: what every column was. What the answer shows in
// them is then the upstream's own doing, and nobody else's.
RowCondition whole_condition(const cache::Table& table, const cache::Row& base,
                             const std::vector<std::size_t>& restated);

// For a write to a row that no version tells of, some of whose `decisive` columns are of types that
// some servers do not compare: whole where each of these can be sent, and what the other columns
// were as far as it can.
RowCondition exact_condition(const cache::Table& table, const cache::Row& base,
                             const std::vector<std::size_t>& decisive,
                             const std::vector<std::size_t>& restated);

// For a deletion: every version column, as another device may have made the key again, and what
// the other columns were, as not every application raises a version.
RowCondition deletion_condition(const cache::Table& table, const VersionColumns& columns,
                                const cache::Row& base);

}  // namespace holdfast::queue
