#pragma once

#include <string>

namespace holdfast::tray {

// Where the gateway of a data folder answers, and by which right.
struct GatewayPlace {
  enum class State {
    kNone,      // none runs on the folder
    kStarting,  // one has the folder, but does not answer yet
    kRunning,
  };
  State state = State::kNone;
  std::string url;            // of kRunning
  std::string control_token;  // the same
};

// Looks into the data folder. What a gateway that was killed left there counts for nothing: its
// port may be somebody else's by now.
GatewayPlace find_gateway(const std::string& folder);

// Keeps the tray the only one of its data folder, which is made if it is missing.
// One thread at a time.
class OneTray {
 public:
  explicit OneTray(const std::string& folder);
  ~OneTray();
  OneTray(const OneTray&) = delete;
  OneTray& operator=(const OneTray&) = delete;

  // False where another tray has the folder, or it cannot be used.
  bool first() const { return file_ >= 0; }

 private:
  int file_ = -1;
};

}  // namespace holdfast::tray
