#pragma once

#include <map>
#include <string>
#include <vector>

namespace holdfast::tray {

enum class Platform { kLinux, kMacos, kWindows };
// The one that the program was built for.
Platform this_platform();

// What starts the tray when the person logs in: an XDG autostart entry, a macOS launch agent or a
// command of Windows' startup folder. Each is one file of the person's own.
// One thread at a time.
class LoginItem {
 public:
  using Environment = std::map<std::string, std::string>;

  // `command`: the program and its arguments. `environment` names the person's folders (HOME,
  // XDG_CONFIG_HOME, APPDATA); without them nothing can be switched on.
  LoginItem(Platform platform, const Environment& environment, std::vector<std::string> command);

  const std::string& path() const { return path_; }
  // Also false for an entry that a desktop's own settings have switched off.
  bool enabled() const;
  // Writes or removes the file; false where that fails.
  bool set(bool on) const;
  std::string text() const;

 private:
  const Platform platform_;
  const std::string path_;
  const std::vector<std::string> command_;
};

}  // namespace holdfast::tray
