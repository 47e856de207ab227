#include "gateway/tray/gateway_place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace holdfast::tray {
namespace {

namespace fs = std::filesystem;

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Whether a process holds the folder: its lock goes with it, however it ends.
bool is_held(const std::string& folder) {
  const int file = ::open((folder + "/lock").c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return false;
  const bool held = ::flock(file, LOCK_EX | LOCK_NB) != 0;
  ::close(file);
  return held;
}

}  // namespace

GatewayPlace find_gateway(const std::string& folder) {
  if (!is_held(folder)) return {};
  GatewayPlace place{GatewayPlace::State::kRunning, first_line(folder + "/gateway.url"),
                     first_line(folder + "/control_token")};
  if (place.url.empty() || place.control_token.empty()) {
    return {GatewayPlace::State::kStarting, "", ""};
  }
  return place;
}

OneTray::OneTray(const std::string& folder) {
  std::error_code error;
  if (fs::create_directories(folder, error)) {
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  file_ = ::open((folder + "/tray.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0 || ::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  ::close(file_);
  file_ = -1;
}

OneTray::~OneTray() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace holdfast::tray
