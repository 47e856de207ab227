#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/replica/options.h"
#include "queue/delivery.h"

namespace holdfast::queue {

// One event's outcome in an answer of holdfast_push(): a status and words as PostgREST gives them
// for a request of its own, and rows as JSON.
struct EventOutcome {
  upstream::Answer answer;
  std::string code;
  std::optional<std::string> rows;                  // JSON array; absent: none may be seen
  std::optional<std::string> value = std::nullopt;  // of a call: what it gave back, JSON
  // It took effect at an earlier send: the rows are as they are by now.
  bool replayed = false;
  // The event's "watch" just before and after it, JSON arrays; empty: not told.
  std::string before = {};
  std::string after = {};
};

// Whether an update or deletion that was taken gives back fewer rows than it names: a trigger kept
// some from being written, or they were gone; of a repeated deletion nothing tells.
bool lacks_rows(const EventOutcome& outcome, const Parcel& parcel);

// The outcomes, in the order of the events; empty where the answer is none of holdfast_push(), or
// has another number of them than `expected`.
std::vector<EventOutcome> outcomes_in(const upstream::Answer& answer, std::size_t expected);

// No event of this key has ever taken effect (it was asked with only_if_known).
bool is_unknown_key(const EventOutcome& outcome);
// A row is not as the event knew it, and nothing was written.
bool is_mismatch(const EventOutcome& outcome);
// The event was not tried, as one before it was refused that it may depend on.
bool was_left_out(const EventOutcome& outcome);

// What became of a call.
Verdict judge_call(const EventOutcome& outcome, const Parcel& parcel);

// What the event has made of the rows that it watched; empty where it does not tell.
std::vector<TouchedRow> touched_in(const EventOutcome& outcome, const Parcel& parcel);

// What became of the parcel's event.
Verdict judge_outcome(const EventOutcome& outcome, const Sender& sender, const Parcel& parcel,
                      const cache::Table& table, const cache::TableOptions& options);

}  // namespace holdfast::queue
