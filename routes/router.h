#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/http/response.h"
#include "routes/auth.h"
#include "routes/control.h"
#include "routes/forwarder.h"
#include "routes/panel.h"
#include "routes/rate_limit.h"
#include "routes/realtime.h"
#include "routes/rest.h"
#include "routes/status.h"
#include "routes/sync_data.h"

namespace holdfast::routes {

// The table of contents of the gateway's HTTP surface: which path is answered by whom.
// Thread-safe.
class Router final : public http::Handler {
 public:
  // Answers a request of an extra surface, such as the demo's; nullopt when it is not its own.
  using Extra = std::function<std::optional<http::Response>(const http::Request&)>;

  // `context` and `panel` must outlive the Router.
  Router(const Context& context, StatusIdentity identity, ControlAccess control, Panel& panel,
         Extra extra = {});

  void handle(http::Request request, http::Respond respond) override;

  // To be started and stopped by whoever has the Router.
  Realtime& realtime() { return realtime_; }

 private:
  // Notes what the answer is and how long it took.
  http::Respond counted(const http::Request& request, http::Respond respond);
  void route(http::Request request, http::Respond respond);
  bool route_control(const http::Request& request, const std::string& path,
                     const http::Respond& respond);
  // Edge Functions and GraphQL.
  void run_at_upstream(http::Request request, http::Respond respond) const;
  void sync_now(http::Respond respond) const;

  const Context& context_;
  const StatusIdentity identity_;
  const ControlAccess control_;
  Panel& panel_;
  const Extra extra_;
  RateLimit rate_limit_;
  const Forwarder forwarder_;
  const Rest rest_;
  const Auth auth_;
  const SyncData sync_data_;
  Realtime realtime_;
};

}  // namespace holdfast::routes
