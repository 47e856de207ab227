#include "gateway/tray/tray.h"

#include <algorithm>

namespace holdfast::tray {
namespace {

// A gateway that ran so long has started well: the next start need not wait.
constexpr std::chrono::seconds kStartedWell{30};
// A gateway that went is looked for often for so long.
constexpr std::chrono::seconds kSoonBack{30};

}  // namespace

Tray::Tray(TrayOptions options, Desktop& desktop, GatewayLink& link, GatewayProcess& process,
           LoginItem& login, const Clock& clock)
    : options_(std::move(options)),
      desktop_(desktop),
      link_(link),
      process_(process),
      login_(login),
      clock_(clock),
      notices_(options_.notices),
      reconnect_pause_(options_.reconnect_base),
      wanted_(options_.start_gateway),
      start_pause_(options_.restart_base) {
  view_.can_start = options_.start_gateway;
  view_.starts_at_login = login_.enabled();
}

void Tray::tick() {
  const MonotonicTime now = clock_.monotonic();
  if (process_runs_ && !process_.running()) note_end_of_process(now);
  if (place_) {
    if (now - heard_at_ > options_.silence_limit) {
      link_.stop_listening();
      lost();
    } else if (told_) {
      for (const Notice& notice : notices_.observe(view_.status, now)) desktop_.notify(notice);
    }
  }
  if (!place_ && now >= next_look_) look_for_gateway(now);
  show();
}

void Tray::look_for_gateway(MonotonicTime now) {
  const GatewayPlace place = find_gateway(options_.data_folder);
  if (!absent_since_) absent_since_ = now;
  const bool comes = place.state != GatewayPlace::State::kNone || process_runs_;
  if (now - *absent_since_ >= options_.away_after) {
    view_.presence = comes ? Presence::kStarting : Presence::kAbsent;
  }
  if (place.state == GatewayPlace::State::kRunning) return attach(place);
  next_look_ = now + (now - *absent_since_ < kSoonBack ? options_.look_base : options_.look_cap);
  if (!comes) maybe_start(now);
}

void Tray::maybe_start(MonotonicTime now) {
  if (!wanted_) return;
  const MonotonicTime earliest = std::max(*absent_since_ + options_.start_grace, next_start_);
  if (now < earliest) {
    next_look_ = std::min(next_look_, earliest);
    return;
  }
  process_.start();
  process_runs_ = true;
  process_started_ = now;
  view_.presence = Presence::kStarting;
  next_look_ = now + options_.look_base;
}

void Tray::note_end_of_process(MonotonicTime now) {
  process_runs_ = false;
  view_.started_here = false;
  view_.problem = process_.last_words();
  view_.presence = Presence::kAbsent;
  if (now - process_started_ >= kStartedWell) start_pause_ = options_.restart_base;
  next_start_ = now + start_pause_;
  start_pause_ = std::min(start_pause_ * 2, options_.restart_cap);
}

void Tray::attach(const GatewayPlace& place) {
  place_ = place;
  told_ = false;
  heard_at_ = clock_.monotonic();
  parser_.emplace([this](const std::string& name, const std::string& data) { heard(name, data); });
  link_.listen(
      place,
      [this](std::string_view bytes) {
        heard_at_ = clock_.monotonic();
        parser_->feed(bytes);
      },
      [this] {
        lost();
        show();
      });
}

void Tray::lost() {
  place_.reset();
  next_look_ = clock_.monotonic() + reconnect_pause_;
  reconnect_pause_ = std::min(reconnect_pause_ * 2, options_.reconnect_cap);
  if (!std::exchange(told_, false)) return;
  absent_since_ = clock_.monotonic();
  // One that was found and has gone was stopped by somebody, or its service brings it back.
  wanted_ = view_.started_here;
}

void Tray::heard(const std::string& name, const std::string& data) {
  if (name != "status") return;
  const auto status = parse_status(data);
  if (!status) return;
  told_ = true;
  reconnect_pause_ = options_.reconnect_base;
  absent_since_.reset();
  view_.presence = Presence::kThere;
  view_.problem.clear();
  view_.started_here = process_runs_;
  took(*status);
}

void Tray::took(const GatewayStatus& status) {
  view_.status = status;
  for (const Notice& notice : notices_.observe(status, clock_.monotonic())) {
    desktop_.notify(notice);
  }
  show();
}

void Tray::run(Command command) {
  switch (command) {
    case Command::kNone:
      return;
    case Command::kSyncNow:
      return sync_now();
    case Command::kPause:
      return change("/sync/pause");
    case Command::kResume:
      return change("/sync/resume");
    case Command::kGoOffline:
      return change("/sync/offline");
    case Command::kGoOnline:
      return change("/sync/online");
    case Command::kOpenDashboard:
      return open_dashboard("");
    case Command::kOpenConflicts:
      return open_dashboard("conflicts");
    case Command::kOpenRefused:
      return open_dashboard("dead");
    case Command::kOpenQueue:
      return open_dashboard("queue");
    case Command::kStartGateway:
      wanted_ = true;
      next_start_ = absent_since_.emplace(clock_.monotonic() - options_.start_grace);
      next_look_ = clock_.monotonic();
      return tick();
    case Command::kStartAtLogin:
      return switch_login();
    case Command::kQuit:
      return quit();
  }
}

void Tray::change(const std::string& path) {
  if (!place_) return;
  link_.post(*place_, path, [this](Result<std::string> answer) {
    if (!answer) return complain(answer.error().message);
    if (const auto status = parse_status(*answer)) took(*status);
  });
}

void Tray::sync_now() {
  if (!place_) return;
  // What it brings is told by the events.
  link_.post(*place_, "/sync", [this](Result<std::string> answer) {
    if (!answer) complain(answer.error().message);
  });
}

void Tray::open_dashboard(const std::string& section) {
  if (!place_) return;
  link_.post(*place_, "/dashboard/link", [this, section](Result<std::string> answer) {
    if (!answer) return complain(answer.error().message);
    const auto url = parse_link(*answer);
    if (!url) return complain(url.error().message);
    desktop_.open(section.empty() ? *url : *url + "&section=" + section);
  });
}

void Tray::switch_login() {
  if (!login_.set(!view_.starts_at_login)) complain("Cannot write " + login_.path());
  view_.starts_at_login = login_.enabled();
  shown_.reset();  // the click has changed the mark already
  show();
}

void Tray::quit() {
  stop();
  desktop_.quit();
}

void Tray::stop() {
  link_.stop_listening();
  place_.reset();
  wanted_ = false;
  if (std::exchange(process_runs_, false)) process_.stop();
}

void Tray::complain(const std::string& words) {
  desktop_.notify({"Holdfast", words, Command::kOpenDashboard});
}

void Tray::show() {
  Face face = face_of(view_);
  if (shown_ == face) return;
  desktop_.show(face);
  shown_ = std::move(face);
}

}  // namespace holdfast::tray
