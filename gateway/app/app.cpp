#include "gateway/app/app.h"

#include <random>

#include "cache/pull/puller.h"
#include "cache/replica/project_file.h"
#include "cache/replica/stores.h"
#include "gateway/app/catalog_keeper.h"
#include "gateway/app/data_folder.h"
#include "gateway/base/worker_pool.h"
#include "gateway/identity/authenticator.h"
#include "gateway/server/host_check.h"
#include "gateway/server/listener.h"
#include "gateway/upstream/monitored_upstream.h"
#include "gateway/upstream/prober.h"
#include "gateway/upstream/supabase_upstream.h"
#include "queue/bare_delivery.h"
#include "queue/dispatcher.h"
#include "queue/synchronizer.h"

namespace holdfast::app {
namespace {

// Requests that wait for the upstream at the same time; further ones queue.
constexpr std::size_t kWorkers = 64;
// Plans of reads that are kept; one takes a few kilobytes.
constexpr std::size_t kPlans = 1'000;

// The newest token of each principal, as its own requests brought it.
class RequestCredentials final : public upstream::CredentialSource {
 public:
  RequestCredentials(identity::TokenBook& book, const Clock& clock) : book_(book), clock_(clock) {}

  std::optional<upstream::Credentials> credentials_for(const http::Principal& principal) override {
    const auto caller = book_.caller_for(principal.id, clock_.now());
    if (!caller || caller->token_expired) return std::nullopt;
    return upstream::Credentials{caller->api_key, caller->bearer};
  }

  void refuse(const http::Principal& principal, const upstream::Credentials& refused) override {
    if (principal.kind == http::Principal::Kind::kUser) book_.forget(principal.id, refused.bearer);
  }

 private:
  identity::TokenBook& book_;
  const Clock& clock_;
};

double random_fraction() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

std::string data_folder_of(const config::Config& config) {
  return config.data_dir.empty() ? default_data_folder(config.upstream.url) : config.data_dir;
}

// Without an upstream the replica is what was imported.
config::Config without_pulls(config::Config config, bool standalone) {
  config.replica.imported_only = config.upstream.url.empty() && !standalone;
  return config;
}

CatalogOptions catalog_options(const config::Config& config) {
  const bool secret = !config.upstream.service_key.empty();
  return {config.db_url, secret ? config.upstream.service_key : config.upstream.anon_key,
          config.rest.schemas};
}

}  // namespace

// In order of construction: each part names earlier ones only.
struct App::Parts {
  Parts(const config::Config& config, const AppVariant& variant,
        const std::shared_ptr<Logger>& logger)
      : folder(data_folder_of(config)),
        file(folder.path() + "/project.db"),
        client(config.upstream, clock),
        wrapped(variant.wrap_upstream ? variant.wrap_upstream(client) : nullptr),
        connectivity(config.upstream, clock),
        upstream(wrapped ? *wrapped : static_cast<upstream::Upstream&>(client), connectivity,
                 clock),
        book(config.identity),
        credentials(book, clock),
        authenticator(
            config.identity, upstream, book, [this] { return connectivity.offline(); }, clock),
        delivery(upstream),
        dispatcher(delivery, credentials, config.dispatcher, clock, random_fraction, logger),
        stores(folder.path() + "/principals", config.replica, config.rest.schemas.front(),
               [this](cache::Store& store) { opened(store); }),
        puller(upstream, credentials, config.replica, config.pull, clock, logger),
        synchronizer(stores, dispatcher, puller, config.dispatcher, config.pull, clock, logger),
        prober(upstream, connectivity, config.upstream, clock),
        keeper(catalog_options(config), upstream, file, stores, logger),
        workers(kWorkers, logger),
        plans(kPlans),
        context{stores,       authenticator, upstream, connectivity,
                synchronizer, workers,       clock,    config.replica,
                config.rest,  plans,         logger,   variant.standalone},
        router(context, {config.upstream.url, "bare"},
               routes::ControlAccess(folder.control_token(config.control_token)), variant.extra),
        listener(config.listener, router, logger) {}

  // Before anybody else has the store: what was being sent at a crash may have taken effect.
  void opened(cache::Store& store) {
    dispatcher.recover(store);
    if (synchronizer_ready) synchronizer.wake_puller(store.principal().id);
  }

  SystemClock clock;
  DataFolder folder;
  cache::ProjectFile file;
  upstream::SupabaseUpstream client;
  std::unique_ptr<upstream::Upstream> wrapped;
  upstream::Connectivity connectivity;
  upstream::MonitoredUpstream upstream;
  identity::TokenBook book;
  RequestCredentials credentials;
  identity::Authenticator authenticator;
  queue::BareDelivery delivery;
  queue::Dispatcher dispatcher;
  bool synchronizer_ready = false;
  cache::Stores stores;
  cache::Puller puller;
  queue::Synchronizer synchronizer;
  upstream::Prober prober;
  CatalogKeeper keeper;
  WorkerPool workers;
  routes::PlanCache plans;
  routes::Context context;
  routes::Router router;
  server::Listener listener;
};

App::App(config::Config config, std::shared_ptr<Logger> logger, AppVariant variant)
    : config_(without_pulls(std::move(config), variant.standalone)),
      logger_(std::move(logger)),
      variant_(std::move(variant)) {}

App::~App() { stop(); }

void App::start() {
  if (!server::is_loopback_host(config_.listener.host)) {
    throw server::StartupError("[server] listen = \"" + config_.listener.host +
                               "\": an address that other machines reach needs TLS, which this "
                               "version does not serve; listen on 127.0.0.1");
  }
  parts_ = std::make_unique<Parts>(config_, variant_, logger_);
  Parts& parts = *parts_;
  parts.synchronizer_ready = true;
  if (variant_.standalone) {
    if (!variant_.catalog_document.empty()) {
      parts.file.keep_catalog_document(variant_.catalog_document);
    }
    parts.keeper.load_kept();
  } else if (!parts.keeper.load_kept()) {
    // The first run: without a catalog nothing could be answered from here.
    parts.keeper.refresh();
  }
  parts.stores.open(http::Principal::anonymous());
  parts.listener.start();
  parts.folder.announce(url());
  if (variant_.standalone) return;
  parts.book.observe([&parts](const std::string& principal) {
    // On an I/O thread: what follows writes.
    parts.workers.post([&parts, principal] { parts.synchronizer.token_arrived(principal); });
  });
  parts.connectivity.observe([&parts](upstream::Connectivity::State state) {
    if (state != upstream::Connectivity::State::kOnline) return;
    parts.workers.post([&parts] {
      parts.synchronizer.upstream_reached();
      parts.keeper.wake();
    });
  });
  parts.synchronizer.observe_refusals([&parts] { parts.keeper.wake(); });
  parts.prober.start();
  parts.keeper.start();
  parts.synchronizer.start();
}

void App::stop() {
  if (!parts_) return;
  parts_->listener.stop();
  parts_->upstream.stop();
  parts_->synchronizer.stop();
  parts_->keeper.stop();
  parts_->prober.stop();
  parts_.reset();
}

std::string App::url() const {
  return "http://" + config_.listener.host + ":" + std::to_string(parts_->listener.port());
}

cache::Stores& App::stores() { return parts_->stores; }

}  // namespace holdfast::app
