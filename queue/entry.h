#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/base/clock.h"

namespace holdfast::queue {

// Where an entry stands. The last four are ends; all others count as queue depth.
enum class State {
  kQueued,     // to be sent
  kSending,    // a request is under way
  kWaiting,    // backs off until next_attempt_at
  kHeld,       // the principal has no valid token
  kBlocked,    // an earlier entry has to end first
  kUncertain,  // the answer was lost: it is looked for at next_attempt_at; without one, by a person
  kStalled,    // keeps failing; tried seldom
  kConflict,   // both sides changed; for a person
  kAcknowledged,  // the upstream has it
  kResolved,      // the upstream's row won; the losing copy is kept in its effects
  kDead,          // the upstream refused it for good
  kDiscarded,     // given up by a person
};

// As stored and shown: "queued", "sending", …
const char* name_of(State state);
std::optional<State> state_named(std::string_view name);
bool is_end(State state);

// The idempotency key of this UUID. An entry has that of its id until it has another: by the id it
// is found, and needs no index of its own.
std::string idempotency_key(const std::string& uuid);

// One mutation on its way to the upstream.
struct Entry {
  std::int64_t sequence = 0;  // the principal's order
  std::string id;             // UUIDv7, for people and the API
  std::string relation;       // "schema.table"
  // insert, upsert, update, delete; call: of a function; request: to rows that are not replicated
  std::string operation;
  std::string method;
  std::string target;   // /rest/v1/… with the rows it is for, without select
  std::string headers;  // JSON object of Prefer and profile; never Authorization or apikey
  std::string body;
  std::string role;                    // the role that it was written as
  std::string claims;                  // the verified claims then, JSON
  std::string idempotency_key;         // "hf1:" and a UUID, the same over all sends
  std::optional<std::string> app_key;  // the Idempotency-Key that the app itself sent
  Timestamp created_at;
  State state = State::kQueued;
  int attempts = 0;
  std::optional<Timestamp> next_attempt_at;
  bool lost_answer = false;  // a send may have taken effect without our hearing of it
  bool minted_key = false;   // its keys are random UUIDs made here
  int last_status = 0;       // HTTP status of the last answer; 0 = none
  std::string last_error;    // the upstream's words, or why it waits
  // The id of the entry of the same request that it was split off from, a row for each.
  std::optional<std::string> parent = std::nullopt;
  // If it has taken effect, the upstream's companion knows its idempotency key.
  bool keyed = false;
  // The largest key that was there before it was sent, where the upstream makes its keys (hard case
  // 9): empty = there was no row, "-" = its rows may not be seen; nullopt = it was never sent.
  std::optional<std::string> noted_key = std::nullopt;
  // The claims of its writer that decide what it says, JSON (hard case 1); see
  // queue/write_claims.h.
  std::string write_claims = {};
  bool released = false;  // a person has let it go although claims have changed
};

// An insert or an upsert.
bool makes_rows(const Entry& entry);
// Whether what it does to rows is not known here.
bool is_opaque(const Entry& entry);
// Whether a person may still decide about it: neither under way nor ended well.
bool may_change(const Entry& entry);

}  // namespace holdfast::queue
