#include "queue/entry.h"

#include <array>
#include <string_view>
#include <utility>

namespace holdfast::queue {
namespace {

constexpr std::array<std::pair<State, const char*>, 12> kNames = {{
    {State::kQueued, "queued"},
    {State::kSending, "sending"},
    {State::kWaiting, "waiting"},
    {State::kHeld, "held"},
    {State::kBlocked, "blocked"},
    {State::kUncertain, "uncertain"},
    {State::kStalled, "stalled"},
    {State::kConflict, "conflict"},
    {State::kAcknowledged, "acknowledged"},
    {State::kResolved, "resolved"},
    {State::kDead, "dead"},
    {State::kDiscarded, "discarded"},
}};

}  // namespace

const char* name_of(State state) {
  for (const auto& [known, name] : kNames) {
    if (known == state) return name;
  }
  return "unknown";
}

std::optional<State> state_named(std::string_view name) {
  for (const auto& [state, known] : kNames) {
    if (known == name) return state;
  }
  return std::nullopt;
}

bool is_end(State state) {
  return state == State::kAcknowledged || state == State::kResolved || state == State::kDead ||
         state == State::kDiscarded;
}

bool makes_rows(const Entry& entry) {
  return entry.operation == "insert" || entry.operation == "upsert";
}

bool is_opaque(const Entry& entry) {
  return entry.operation == "call" || entry.operation == "request";
}

bool may_change(const Entry& entry) {
  return entry.state != State::kSending && (!is_end(entry.state) || entry.state == State::kDead);
}

std::string idempotency_key(const std::string& uuid) { return "hf1:" + uuid; }

}  // namespace holdfast::queue
