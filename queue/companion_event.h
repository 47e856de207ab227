#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/replica/options.h"
#include "queue/delivery.h"
#include "queue/row_write.h"

namespace holdfast::queue {

// The rows that an update or deletion is for; empty for an insert or upsert, and where a row is not
// known well enough to be written to under a condition.
std::vector<RowWrite> row_writes(const Entry& entry, std::span<const cache::Effect> effects);

// Whether the entry can be an event of holdfast_push(): an insert or upsert, or an update or
// deletion of rows whose base is known, all changed alike.
bool is_event(const Entry& entry, std::span<const cache::Effect> effects);

// The columns that an update or deletion compares with its base. Where no version tells whether
// somebody else has written to the row, the update of a single one compares all that it can.
enum class Reach { kOneRow, kSeveralRows };
Reach reach_of(std::span<const RowWrite> writes);
std::vector<std::size_t> compared_columns(const cache::Table& table,
                                          const cache::TableOptions& options, const RowWrite& write,
                                          Reach reach);

enum class EventForm {
  kUsual,
  kOnlyIfKnown,  // nothing takes effect, and it is asked whether it has before
  kByKey,        // the rows are compared with nothing
};

// The entry as an event of holdfast_push(), a JSON object. is_event() must hold. The values are
// those of the entry, digit by digit.
std::string event_of(const Parcel& parcel, const cache::Table& table,
                     const cache::TableOptions& options, EventForm form);

// A call of a function as an event: the entry's body has its arguments.
std::string call_event_of(const Parcel& parcel);

// Names the entry's request in all its sends: a key is good for one request.
std::string fingerprint_of(const Entry& entry);

}  // namespace holdfast::queue
