#include "gateway/tray/notices.h"

#include <algorithm>

namespace holdfast::tray {

std::vector<Notice> Notices::observe(const GatewayStatus& status, MonotonicTime now) {
  std::vector<Notice> said;
  if (const auto more = news(conflicts_, status.conflicts, now); more > 0) {
    said.push_back({"Conflict",
                    several(more, "row") + (more == 1 ? " was" : " were") +
                        " changed on both sides. Both versions are kept until you choose.",
                    Command::kOpenConflicts});
  }
  if (const auto more = news(refused_, status.refused, now); more > 0) {
    said.push_back({"Write refused",
                    "The server refused " + several(more, "write") +
                        ". Nothing is lost: look why, change it or give it up.",
                    Command::kOpenRefused});
  }
  if (const auto more = news(uncertain_, status.uncertain, now); more > 0) {
    said.push_back({"Write to look at",
                    "Nothing shows whether " + several(more, "write") +
                        " arrived. Look at the server's rows, then send again or discard.",
                    Command::kOpenQueue});
  }
  observe_outage(status, now, said);
  return said;
}

std::int64_t Notices::news(Told& told, std::int64_t count, MonotonicTime now) const {
  told.count = std::min(told.count, count);
  if (count == told.count || (told.at && now - *told.at < options_.pause)) return 0;
  told.at = now;
  return count - std::exchange(told.count, count);
}

void Notices::observe_outage(const GatewayStatus& status, MonotonicTime now,
                             std::vector<Notice>& said) {
  const bool offline = status.state == GatewayState::kOffline && !status.offline_by_choice;
  if (!offline) {
    // A pause during an outage says nothing about its end.
    if (status.state == GatewayState::kPaused) return;
    offline_since_.reset();
    if (!std::exchange(outage_told_, false) || status.offline_by_choice) return;
    said.push_back({"Online again",
                    status.pending == 0 ? "Everything is sent."
                                        : several(status.pending, "write") + " on the way.",
                    Command::kOpenDashboard});
    return;
  }
  if (!offline_since_) offline_since_ = now;
  if (outage_told_ || now - *offline_since_ < options_.long_offline) return;
  outage_told_ = true;
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(now - *offline_since_);
  const std::string waiting =
      status.pending == 0 ? "Nothing waits to be sent."
                          : several(status.pending, "write") + " kept here until it is back.";
  said.push_back({"Offline",
                  "The server has not answered for " +
                      several(std::max<std::int64_t>(1, minutes.count()), "minute") + ". " +
                      waiting,
                  Command::kOpenDashboard});
}

}  // namespace holdfast::tray
