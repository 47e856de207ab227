#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/tray/face.h"

namespace holdfast::tray {

struct NoticeOptions {
  // Offline for so long is worth a word, default 10 min.
  std::chrono::seconds long_offline{600};
  // Between two words of one kind, default 30 s; what comes in between is told together.
  std::chrono::seconds pause{30};
};

// A word to the person, and what a click on it opens.
struct Notice {
  std::string title;
  std::string text;
  Command opens = Command::kOpenDashboard;
};

// Decides what is worth a word: a conflict, a refused write, one that may not have arrived, a long
// time offline and its end. Each is told once, however often the gateway is restarted or asked; a
// time offline that a person chose is not told.
// One thread at a time: the one of the tray.
class Notices {
 public:
  explicit Notices(NoticeOptions options = {}) : options_(options) {}

  // What to say after `status` came, or some time later with the last one again.
  std::vector<Notice> observe(const GatewayStatus& status, MonotonicTime now);

 private:
  // How many of something the person has been told of.
  struct Told {
    std::int64_t count = 0;
    std::optional<MonotonicTime> at;
  };
  // How many more there are than were told, where it is time to say so; else 0.
  std::int64_t news(Told& told, std::int64_t count, MonotonicTime now) const;
  void observe_outage(const GatewayStatus& status, MonotonicTime now, std::vector<Notice>& said);

  const NoticeOptions options_;
  Told conflicts_;
  Told refused_;
  Told uncertain_;
  std::optional<MonotonicTime> offline_since_;
  bool outage_told_ = false;
};

}  // namespace holdfast::tray
