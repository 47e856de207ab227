#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gateway/base/logging.h"
#include "gateway/config/config.h"
#include "gateway/http/request.h"
#include "gateway/http/response.h"
#include "gateway/upstream/upstream.h"
#include "routes/router.h"

namespace holdfast::app {

// What a special run of the gateway changes.
struct AppVariant {
  // There is no upstream: the local store is the truth.
  bool standalone = false;
  // The catalog of a standalone run, in the form of catalog.sql.
  std::string catalog_document = {};
  // Wraps the upstream's client, for the demo's switch.
  std::function<std::unique_ptr<upstream::Upstream>(upstream::Upstream&)> wrap_upstream = {};
  // Routes beside the gateway's own.
  routes::Router::Extra extra = {};
};

// The gateway: builds every part, owns every thread, and stops them in reverse.
//
// One thread at a time: the main thread.
class App {
 public:
  App(config::Config config, std::shared_ptr<Logger> logger, AppVariant variant = {});
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Opens the data folder and what is kept there: enough for answer(). Nothing listens, and the
  // upstream is not called. Throws DataFolderError, SqliteError.
  void open();
  // Opens and listens. Throws server::StartupError too.
  void start();
  // Answers what is in flight and ends; within 5 s.
  void stop();

  std::string url() const;
  // Empty where there is no HTTPS.
  std::string https_url() const;
  // What the control surface answers, without a listener: for the command line where no gateway
  // runs. After open(); a sync looks for the upstream first. Blocking; thread-safe, with one sync
  // at a time.
  http::Response answer_control(http::Request request);
  // A one-time link to the dashboard. After start(). Thread-safe.
  std::string dashboard_link();
  // For a variant's own work on the local rows (the demo's sample rows).
  cache::Stores& stores();

 private:
  struct Parts;
  const config::Config config_;
  const std::shared_ptr<Logger> logger_;
  const AppVariant variant_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast::app
