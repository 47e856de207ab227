#pragma once

#include <optional>
#include <string>

#include "gateway/base/clock.h"
#include "gateway/tray/event_parser.h"
#include "gateway/tray/login_item.h"
#include "gateway/tray/notices.h"
#include "gateway/tray/surroundings.h"

namespace holdfast::tray {

struct TrayOptions {
  std::string data_folder;
  // Whether a gateway is started where none runs, default true.
  bool start_gateway = true;
  // So long a gateway that comes up by itself (a service, at login) is waited for, default 3 s.
  std::chrono::milliseconds start_grace{3'000};
  // Between two looks into the data folder while no gateway runs: at first, and later.
  std::chrono::milliseconds look_base{500};
  std::chrono::milliseconds look_cap{2'000};
  // Between two attempts to reach one that runs: doubled from the first, at most the second.
  std::chrono::milliseconds reconnect_base{500};
  std::chrono::milliseconds reconnect_cap{8'000};
  // Between two starts of a gateway that ends by itself: doubled from the first, at most the
  // second.
  std::chrono::milliseconds restart_base{1'000};
  std::chrono::milliseconds restart_cap{60'000};
  // A stream so long silent is dead: the gateway says something every 15 s. Default 35 s.
  std::chrono::milliseconds silence_limit{35'000};
  // A gateway that is gone so long is shown as gone: restarts are quicker. Default 3 s.
  std::chrono::milliseconds away_after{3'000};
  NoticeOptions notices{};
};

// The tray without its looks: finds the gateway of the data folder or starts one, follows what it
// tells, and does what the person asks for. A gateway that it found goes on when the tray quits,
// one that it started is stopped with it; one that somebody stopped is not started again.
// One thread at a time: the one that calls tick().
class Tray {
 public:
  // All references must outlive it.
  Tray(TrayOptions options, Desktop& desktop, GatewayLink& link, GatewayProcess& process,
       LoginItem& login, const Clock& clock);

  // Looks what is to be done; about every second.
  void tick();
  void run(Command command);
  // Stops a gateway that was started here; before the program ends.
  void stop();

 private:
  void look_for_gateway(MonotonicTime now);
  void attach(const GatewayPlace& place);
  void lost();
  void maybe_start(MonotonicTime now);
  void note_end_of_process(MonotonicTime now);
  void heard(const std::string& name, const std::string& data);
  void took(const GatewayStatus& status);
  void change(const std::string& path);
  void sync_now();
  void open_dashboard(const std::string& section);
  void switch_login();
  void quit();
  void complain(const std::string& words);
  void show();

  const TrayOptions options_;
  Desktop& desktop_;
  GatewayLink& link_;
  GatewayProcess& process_;
  LoginItem& login_;
  const Clock& clock_;

  View view_;
  std::optional<Face> shown_;
  Notices notices_;
  std::optional<EventParser> parser_;
  std::optional<GatewayPlace> place_;  // while its events are followed
  bool told_ = false;                  // whether it has told its state on this stream
  MonotonicTime heard_at_{};
  MonotonicTime next_look_{};
  std::chrono::milliseconds reconnect_pause_;
  std::optional<MonotonicTime> absent_since_;
  bool wanted_;  // whether a gateway shall be started where none runs
  bool process_runs_ = false;
  MonotonicTime process_started_{};
  MonotonicTime next_start_{};
  std::chrono::milliseconds start_pause_;
};

}  // namespace holdfast::tray
