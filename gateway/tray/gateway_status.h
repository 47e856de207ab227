#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/base/result.h"

namespace holdfast::tray {

enum class GatewayState { kSynced, kSyncing, kOffline, kConflict, kPaused, kError };

// What the tray knows of a gateway: the part of /status that it shows.
struct GatewayStatus {
  GatewayState state = GatewayState::kSyncing;
  bool offline_by_choice = false;
  std::int64_t pending = 0;    // writes that have still to reach the upstream
  std::int64_t conflicts = 0;  // rows that wait for a person
  std::int64_t refused = 0;    // dead letters
  std::int64_t uncertain = 0;  // writes of which a person has to see whether they arrived
  std::int64_t stalled = 0;    // writes that fail again and again
  std::int64_t rights = 0;     // writes of users who have other rights now
  std::int64_t absent = 0;     // writes that wait until their user signs in
  bool pulls_fail = false;     // the copies grow old although the server answers
  bool no_schema = false;      // nothing is kept, as the schema is not known

  friend bool operator==(const GatewayStatus&, const GatewayStatus&) = default;
};

// The body of /status, or the data of a `status` event; an error where it is neither.
Result<GatewayStatus> parse_status(const std::string& json);

// The `url` that POST /dashboard/link answers; an error where there is none.
Result<std::string> parse_link(const std::string& json);

}  // namespace holdfast::tray
