#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cache/replica/overlay.h"

namespace holdfast::queue {

// A row that the write refers to, just before and just after its triggers, told by the upstream.
struct TouchedRow {
  const cache::Table* table;
  cache::Row before;
  cache::Row after;
};

// What became of one send; the dispatcher writes it down.
struct Applied {
  std::vector<cache::UpstreamImage> images;
  std::optional<std::string> result = std::nullopt;  // of a call: what it gave back, JSON
  std::vector<TouchedRow> touched = {};
};
struct Superseded {  // the upstream's row stands: changed by others, or not permitted to be changed
  std::string reason;
  std::vector<cache::UpstreamImage> images;
  bool listed = true;  // among the conflicts: what the write says is nowhere else any more
};
struct TryAgain {
  int status = 0;  // 0: no HTTP answer
  std::string reason;
  bool lost_answer = false;
  std::optional<std::chrono::seconds> retry_after;
  bool server_error = false;
  bool parks = false;  // only something else can help: the schema was changed
};
// Not taken, as one of its batch was refused that it may depend on; nothing was tried.
struct LeftOut {};
struct TokenRefused {
  int status;
  std::string reason;
};
// What a refused write may lack that an earlier entry of the principal has yet to bring.
enum class Lack {
  kNothing,
  kFreeValue,  // of a unique constraint: by a deletion or another value
  kOtherRow,   // that a foreign key names, or none that names it
  kAnything,   // a policy or trigger may look at any row
};
struct Refused {
  int status;
  std::string reason;
  Lack lack = Lack::kNothing;
};
struct Uncertain {  // nothing shows whether a lost send took effect
  int status;
  std::string reason;
  bool just_lost = false;   // by this very send
  bool looked_for = false;  // after the statement timeout, by itself; else for a person
};
// Surely not applied: rows are not what the write was based on, or gone.
struct Collided {
  std::vector<cache::UpstreamImage> images;  // the rows as they are now
  // The upstream's clock minus ours, where an answer told it.
  std::chrono::microseconds clock_offset{0};
};
using Verdict = std::variant<Applied, Superseded, TryAgain, LeftOut, TokenRefused, Refused,
                             Uncertain, Collided>;

// For logs: "applied", "collided", …
const char* name_of(const Verdict& verdict);

}  // namespace holdfast::queue
