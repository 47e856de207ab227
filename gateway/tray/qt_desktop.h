#pragma once

#include <QMenu>
#include <QSystemTrayIcon>
#include <functional>
#include <vector>

#include "gateway/tray/surroundings.h"

namespace holdfast::tray {

// The icon beside the clock: StatusNotifierItem where the desktop has it, else the X11 tray; on
// Windows and macOS their own.
// One thread at a time: the GUI's.
class QtDesktop final : public Desktop {
 public:
  // `run` is called for what the person chooses.
  explicit QtDesktop(std::function<void(Command)> run);

  void show(const Face& face) override;
  void notify(const Notice& notice) override;
  void open(const std::string& url) override;
  void quit() override;

 private:
  // The menu may be open: only its words change, as long as the items are the same.
  bool fits(const std::vector<MenuItem>& items) const;
  void rebuild(const std::vector<MenuItem>& items);
  void relabel(const std::vector<MenuItem>& items);

  const std::function<void(Command)> run_;
  QMenu menu_;
  QSystemTrayIcon icon_;
  std::vector<MenuItem> items_;
  std::vector<QAction*> actions_;  // of the menu, one for each item
  std::pair<Symbol, std::string> painted_{Symbol::kAbsent, "?"};
  Command clicked_notice_ = Command::kOpenDashboard;
};

}  // namespace holdfast::tray
