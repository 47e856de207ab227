#include "gateway/tray/face.h"

namespace holdfast::tray {
namespace {

constexpr std::int64_t kLargestBadge = 99;

Symbol symbol_of(const View& view) {
  if (view.presence == Presence::kAbsent) return Symbol::kAbsent;
  if (view.presence != Presence::kThere) return Symbol::kSyncing;
  switch (view.status.state) {
    case GatewayState::kSynced:
      return Symbol::kSynced;
    case GatewayState::kSyncing:
      return Symbol::kSyncing;
    case GatewayState::kOffline:
      return Symbol::kOffline;
    case GatewayState::kConflict:
      return Symbol::kConflict;
    case GatewayState::kPaused:
      return Symbol::kPaused;
    case GatewayState::kError:
      return Symbol::kError;
  }
  return Symbol::kError;
}

std::string badge_of(const View& view) {
  if (view.presence != Presence::kThere || view.status.pending == 0) return "";
  if (view.status.pending > kLargestBadge) return std::to_string(kLargestBadge) + "+";
  return std::to_string(view.status.pending);
}

std::string waiting(const GatewayStatus& status) {
  if (status.pending == 0) return "nothing waits";
  return several(status.pending, "write") + (status.pending == 1 ? " waits" : " wait");
}

std::string waiting_for_users(const GatewayStatus& status) {
  return "Waiting: " + several(status.absent, "write") + " until " +
         (status.absent == 1 ? "its user signs in" : "their users sign in");
}

std::string troubles(const GatewayStatus& status) {
  std::string words;
  const auto add = [&words](const std::string& more) {
    words += (words.empty() ? "" : "; ") + more;
  };
  if (status.refused > 0) add(several(status.refused, "write") + " refused");
  if (status.uncertain > 0) add(several(status.uncertain, "write") + " may not have arrived");
  if (status.stalled > 0) add(several(status.stalled, "write") + " failing again and again");
  if (status.rights > 0) add(several(status.rights, "write") + " by a user with other rights now");
  if (status.pulls_fail) add("changes cannot be fetched");
  if (status.no_schema) add("no table is kept here");
  return words.empty() ? "see the dashboard" : words;
}

std::string sentence_of(const GatewayStatus& status) {
  switch (status.state) {
    case GatewayState::kSynced:
      return "Synced: everything is sent";
    case GatewayState::kSyncing:
      if (status.absent > 0 && status.absent == status.pending) return waiting_for_users(status);
      return status.pending > 0 ? "Syncing: " + several(status.pending, "write") + " on the way"
                                : "Syncing: making the first copies";
    case GatewayState::kOffline:
      return (status.offline_by_choice ? "Offline by choice: " : "Offline: ") + waiting(status);
    case GatewayState::kConflict:
      return "Conflict: " + several(status.conflicts, "row") + " for you to decide";
    case GatewayState::kPaused:
      return "Paused: " + waiting(status);
    case GatewayState::kError:
      return "Needs attention: " + troubles(status);
  }
  return "";
}

std::string state_line(const View& view) {
  switch (view.presence) {
    case Presence::kLooking:
      return "Looking for the gateway";
    case Presence::kStarting:
      return "The gateway is starting";
    case Presence::kThere:
      return sentence_of(view.status);
    case Presence::kAbsent:
      break;
  }
  return view.problem.empty() ? "The gateway is not running"
                              : "The gateway does not start: " + view.problem;
}

MenuItem item(const char* id, Command command, std::string text) {
  return {command, std::move(text), true, std::nullopt, id};
}

MenuItem separator() { return {Command::kNone, "", true, std::nullopt, ""}; }

std::string counted(const std::string& name, std::int64_t count) {
  return count == 0 ? name : name + " (" + std::to_string(count) + ")";
}

void add_gateway_items(const GatewayStatus& status, std::vector<MenuItem>& menu) {
  const bool paused = status.state == GatewayState::kPaused;
  menu.push_back(item("sync", Command::kSyncNow, "Sync now"));
  menu.back().enabled = !status.offline_by_choice;
  menu.push_back(paused ? item("pause", Command::kResume, "Resume")
                        : item("pause", Command::kPause, "Pause"));
  menu.push_back(status.offline_by_choice ? item("offline", Command::kGoOnline, "Go online")
                                          : item("offline", Command::kGoOffline, "Go offline"));
  menu.push_back(separator());
  menu.push_back(item("dashboard", Command::kOpenDashboard, "Open dashboard"));
  menu.push_back(
      item("conflicts", Command::kOpenConflicts, counted("Conflicts", status.conflicts)));
  if (status.uncertain + status.stalled + status.rights > 0) {
    menu.push_back(item("queue", Command::kOpenQueue,
                        counted("To look at", status.uncertain + status.stalled + status.rights)));
  }
  menu.push_back(item("refused", Command::kOpenRefused, counted("Refused", status.refused)));
}

std::vector<MenuItem> menu_of(const View& view) {
  std::vector<MenuItem> menu = {item("state", Command::kNone, state_line(view))};
  menu.back().enabled = false;
  menu.push_back(separator());
  if (view.presence == Presence::kThere) {
    add_gateway_items(view.status, menu);
    menu.push_back(separator());
  } else if (view.presence == Presence::kAbsent && view.can_start) {
    menu.push_back(item("start", Command::kStartGateway, "Start the gateway"));
    menu.push_back(separator());
  }
  menu.push_back(item("login", Command::kStartAtLogin, "Start at login"));
  menu.back().checked = view.starts_at_login;
  menu.push_back(
      item("quit", Command::kQuit, view.started_here ? "Quit and stop the gateway" : "Quit"));
  return menu;
}

}  // namespace

std::string several(std::int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

Face face_of(const View& view) {
  return {symbol_of(view), badge_of(view), "Holdfast. " + state_line(view), menu_of(view)};
}

}  // namespace holdfast::tray
