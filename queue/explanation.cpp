#include "queue/explanation.h"

#include <array>
#include <string_view>
#include <utility>

#include "queue/damage.h"
#include "queue/dependants.h"
#include "queue/write_claims.h"

namespace holdfast::queue {
namespace {

constexpr const char* kEditOrDiscard = " Edit it and send it again, or discard it.";

// By the beginning of the upstream's code; the first that fits counts.
constexpr std::array<std::pair<std::string_view, const char*>, 15> kCodes = {{
    {"23502", "A column that must have a value has none."},
    {"23503",
     "It refers to a row that the upstream does not have, or a row that others refer to would go."},
    {"23505", "The upstream has a row with the same unique value already."},
    {"23514", "A rule of the table (CHECK) does not accept its values."},
    {"22P02", "A value does not have the form that its column needs."},
    {"22", "A value does not fit its column."},
    {"23", "A rule of the table does not accept it."},
    {"42501", "The user's rights or the table's policies do not permit it."},
    {"42", "It does not fit the upstream's tables as they are now."},
    {"P0001", "A function or trigger of the upstream refused it."},
    {"PGRST1", "The upstream could not read the request."},
    {"PGRST2", "It does not fit the upstream's tables as they are now."},
    {"HF424",
     "An earlier write that it relies on was discarded or had no effect: the row that it changes "
     "or "
     "refers to was not made, or rows that it would delete along were not moved away."},
    {"HF422", "The same idempotency key was used for another write."},
    {"21000", "It names the same row twice."},
}};

std::string explain_refusal(const Entry& entry) {
  if (is_damaged(entry)) {
    return "Only a part of it could be read from the damaged file. Edit it, or write it anew and "
           "discard it.";
  }
  for (const auto& [code, words] : kCodes) {
    if (entry.last_error.starts_with(code)) return std::string(words) + kEditOrDiscard;
  }
  return std::string("The upstream refused it for good.") + kEditOrDiscard;
}

std::string explain_wait(const Entry& entry) {
  if (entry.last_error.starts_with(kDependsOnDead)) {
    return "It needs what a dead letter would have made. Retry, edit or discard that one.";
  }
  if (entry.last_error.starts_with("waits for") || entry.last_error.empty()) {
    return "It waits for an earlier write of the same row, or of one that it refers to. If that "
           "one is a conflict, decide it.";
  }
  return "The upstream refused it, which may be because an earlier write of this user has not "
         "arrived there yet. It is tried again after that one. If that one is for you to decide, "
         "do so; or discard this one.";
}

}  // namespace

std::string explain(const Entry& entry) {
  switch (entry.state) {
    case State::kDead:
      return explain_refusal(entry);
    case State::kHeld:
      if (entry.last_error.starts_with(kClaimsChanged)) {
        return "This user has other rights now than when it was written. Release it to send it "
               "with those of now, or discard it.";
      }
      return "There is no valid sign-in of this user. It is sent as soon as the user signs in.";
    case State::kBlocked:
      return explain_wait(entry);
    case State::kStalled:
      return "It fails again and again, and is tried once an hour. Others do not wait for it.";
    case State::kUncertain:
      if (entry.next_attempt_at) {
        return "Its answer was lost. Once it cannot take effect any more its row is looked for, "
               "and "
               "it is sent again only where there is none.";
      }
      return "Its answer was lost, and nothing shows whether it took effect. Look at the "
             "upstream's "
             "rows: discard it if they show it, else retry it.";
    case State::kConflict:
      return "Somebody else changed the same row. Decide which side stands.";
    case State::kResolved:
      return "The upstream's row stands; this write is kept for reading only.";
    default:
      return "";
  }
}

}  // namespace holdfast::queue
