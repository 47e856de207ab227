#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/tray/gateway_status.h"

namespace holdfast::tray {

// What a person can ask for.
enum class Command {
  kNone,
  kSyncNow,
  kPause,
  kResume,
  kGoOffline,
  kGoOnline,
  kOpenDashboard,
  kOpenConflicts,
  kOpenRefused,
  kOpenQueue,
  kStartGateway,
  kStartAtLogin,  // switches it
  kQuit,
};

enum class Presence {
  kLooking,   // nothing is known yet
  kStarting,  // a gateway was started, or starts
  kThere,     // it tells what happens
  kAbsent,    // none runs
};

// All that the face depends on.
struct View {
  Presence presence = Presence::kLooking;
  GatewayStatus status;       // of kThere
  std::string problem;        // why the gateway does not start, of kAbsent
  bool can_start = true;      // whether the tray may start one
  bool started_here = false;  // whether it runs as long as the tray
  bool starts_at_login = false;
};

// The icons are told apart by their shape, not by colour alone.
enum class Symbol { kSynced, kSyncing, kOffline, kConflict, kPaused, kError, kAbsent };

struct MenuItem {
  Command command = Command::kNone;
  std::string text;  // empty: a line between items
  bool enabled = true;
  std::optional<bool> checked;
  std::string id;  // a name that stays, for tests and assistive programs

  friend bool operator==(const MenuItem&, const MenuItem&) = default;
};

struct Face {
  Symbol symbol = Symbol::kAbsent;
  std::string badge;  // the pending count; empty for none
  std::string tooltip;
  std::vector<MenuItem> menu;

  friend bool operator==(const Face&, const Face&) = default;
};

Face face_of(const View& view);

// "1 write", "3 writes".
std::string several(std::int64_t count, const std::string& noun);

}  // namespace holdfast::tray
