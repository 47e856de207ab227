#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cache/replica/options.h"
#include "cache/replica/overlay.h"
#include "queue/entry.h"

namespace holdfast::queue {

// A write to one row whose row is not what it was based on.
struct Collision {
  const cache::Table& table;
  const cache::TableOptions& options;
  const Entry& entry;
  const cache::Effect& effect;
  const std::optional<cache::Row>& remote;  // the row as it is now; nullopt: gone, or hidden
  std::chrono::microseconds clock_offset;   // clock_offset()
  // When others have changed the row last, where own updates of it may have been delivered since;
  // nullopt: its own stamp tells.
  std::optional<Timestamp> changed_by_others = std::nullopt;
};

// The upstream's clock minus ours, as far as an answer proves that they differ: its `date` is cut
// to whole seconds, and was written at any moment between `sent` and `received`. Zero where that
// leaves room for it, else the least difference that it leaves.
std::chrono::microseconds clock_offset(Timestamp sent, Timestamp received, Timestamp date);

struct Decision {
  enum class Kind {
    kSend,     // what is left of the write is sent again, based on the row as it is now
    kGiveWay,  // the upstream's row stands
    kAsk,      // a person decides
  };
  Kind kind = Kind::kGiveWay;
  // Columns that were changed on both sides. Without any it is no conflict, and nothing is listed,
  // unless the row is gone.
  std::vector<std::size_t> collided;
  bool conflict = false;  // to be listed
  std::string changes;    // kSend of an update: what is still to be changed
  bool insert = false;    // kSend: the row is made again
  std::string reason;     // for a person
};

// Decides by the table's strategy. Changes to different columns are always both kept; two devices
// that decide about the same two writes come to the same row.
Decision decide(const Collision& collision);

// The changes with which a person's choice is sent: what the local write says, or `row` (a JSON
// object) where it differs from `remote`. Errors are those of a body that does not fit the table.
Result<std::string> merged_changes(const cache::Table& table, const std::string& row,
                                   const std::optional<cache::Row>& remote);

// As in the configuration file.
const char* name_of(cache::ConflictStrategy strategy);

// The row as the write would have it, over its base; nullopt for a deletion.
std::optional<cache::Row> local_row(const cache::Table& table, const cache::Effect& effect);

}  // namespace holdfast::queue
