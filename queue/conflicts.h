#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/sqlite/transaction.h"
#include "gateway/base/clock.h"

namespace holdfast::queue {

// Two sides of one row, kept for a person whatever was decided.
struct Conflict {
  enum class State {
    kOpen,      // a person decides
    kResolved,  // decided
    kReported,  // nothing is to be decided: an append-only row was changed upstream
  };

  std::string id;  // UUIDv7
  State state = State::kOpen;
  std::string entry;  // the outbox entry's id; empty: no write of ours
  std::string relation;
  std::string key;
  std::string operation;  // ours
  std::string strategy;   // as in the configuration file
  std::vector<std::string> columns;
  // The row's images as JSON objects; nullopt = not there.
  std::optional<std::string> base;
  std::optional<std::string> local;
  std::optional<std::string> remote;
  std::string reason;
  std::string role;  // whom ours was written as
  std::optional<Timestamp> local_at;
  std::optional<Timestamp> remote_at;
  Timestamp detected_at;
  std::string choice;       // local, remote or merged, once decided
  std::string resolved_by;  // policy or person
  std::optional<Timestamp> resolved_at;
};

const char* name_of(Conflict::State state);
std::optional<Conflict::State> conflict_state_named(std::string_view name);

// One principal's conflicts, durable; nothing is ever deleted here.
//
// One thread at a time: whoever holds the Transaction or Database passed in.
class Conflicts {
 public:
  static void add(cache::Transaction& transaction, const Conflict& conflict);
  static void resolve(cache::Transaction& transaction, const std::string& id,
                      const std::string& choice, const std::string& by, Timestamp now);
  // The open conflict of an entry ends with the entry, as a person decided there.
  static void close_of(cache::Transaction& transaction, const std::string& entry,
                       const std::string& choice, Timestamp now);

  static std::optional<Conflict> find(cache::Database& database, const std::string& id);
  // In the order of their detection; `state` narrows.
  static std::vector<Conflict> list(cache::Database& database,
                                    std::optional<Conflict::State> state);
  static std::int64_t count(cache::Database& database, Conflict::State state);
};

}  // namespace holdfast::queue
