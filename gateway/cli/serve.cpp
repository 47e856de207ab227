#include "gateway/cli/serve.h"

#include <pthread.h>
#include <signal.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "gateway/app/app.h"
#include "gateway/app/demo.h"
#include "gateway/cli/key_press.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace holdfast::cli {
namespace {

// glibc gives threads up to eight heaps for each processor, and each of them keeps what its threads
// held at their busiest. Two do for the few threads that answer at once. Before any thread starts.
void share_heaps() {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 2);
#endif
}

// Blocked before any thread starts, so that only wait() below sees them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    // A file size limit is an error of the write that meets it, not the end of the process.
    signal(SIGXFSZ, SIG_IGN);
  }
  void wait() const {
    int signal = 0;
    sigwait(&set_, &signal);
  }

 private:
  sigset_t set_;
};

// Scripts wait for this line.
void print_ready(const CommonOptions& common, const std::string& url, const std::string& secure) {
  if (common.json) {
    nlohmann::json line = {{"ready", true}, {"url", url}};
    if (!secure.empty()) line["https_url"] = secure;
    std::cout << line.dump() << std::endl;
    return;
  }
  std::cout << "holdfast ready url=" << url << std::endl;
  if (!secure.empty()) std::cout << "holdfast also at url=" << secure << std::endl;
}

void print_demo_help(app::Demo& demo) {
  const std::string url = demo.url();
  std::cout
      << "\nkey:      " << demo.key() << "\nread:     curl '" << url
      << "/rest/v1/todos?select=title,done,projects(name)' -H 'apikey: " << demo.key()
      << "'\nwrite:    curl '" << url << "/rest/v1/todos' -H 'apikey: " << demo.key()
      << "' -H 'Content-Type: application/json' -d '{\"title\":\"Buy stamps\"}'\noffline:  "
         "curl -X POST "
      << url << "/demo/offline     online: curl -X POST " << url << "/demo/online\nstatus:   curl "
      << url << "/status\nlook:     " << demo.dashboard_link()
      << "\nkeys:     o switches the link off and on, d prints a new dashboard link, q quits\n"
      << std::endl;
}

}  // namespace

int serve(const CommonOptions& common, const ServeOptions& options) {
  share_heaps();
  auto config = load(common);
  if (!config) return fail(config.error().message);
  const auto environment = config::process_environment();
  const auto set = [&](const char* key, const std::string& value, const char* origin) {
    return config::set_key(*config, key, value, origin, environment);
  };
  if (!options.upstream_url.empty()) {
    if (auto done = set("upstream.url", options.upstream_url, "--upstream"); !done) {
      return fail(done.error().message);
    }
  }
  if (!options.key.empty()) {
    if (auto done = set("upstream.anon_key", options.key, "--key"); !done) {
      return fail(done.error().message);
    }
  }
  if (options.port) config->listener.port = static_cast<std::uint16_t>(*options.port);
  if (options.tls_port) {
    config->listener.tls_port = static_cast<std::uint16_t>(*options.tls_port);
    if (config->listener.tls_host.empty()) config->listener.tls_host = "127.0.0.1";
  }
  if (config->identity.anon_key.empty()) {
    return fail(
        "no API key is known: run holdfast init, or give --config FILE, or --upstream URL "
        "--key KEY");
  }
  const StopSignals signals;
  app::App app(*config, make_logger(config->log));
  app.start();
  print_ready(common, app.url(), app.https_url());
  signals.wait();
  app.stop();
  return 0;
}

int demo(const CommonOptions& common) {
  const StopSignals signals;
  LogOptions log;
  log.level = "warn";
  app::Demo demo(make_logger(log));
  demo.start();
  print_ready(common, demo.url(), "");
  print_demo_help(demo);
  const KeyPress keys([&demo](char key) {
    if (key == 'o') {
      demo.set_link(!demo.link_on());
      std::cout << "the link is " << (demo.link_on() ? "on" : "off") << std::endl;
    } else if (key == 'd') {
      std::cout << demo.dashboard_link() << std::endl;
    } else if (key == 'q') {
      kill(getpid(), SIGTERM);
    }
  });
  signals.wait();
  demo.stop();
  return 0;
}

}  // namespace holdfast::cli
