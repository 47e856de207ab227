#include "gateway/app/app.h"

#include <future>
#include <random>

#include "cache/pull/puller.h"
#include "cache/replica/metrics_history.h"
#include "cache/replica/project_file.h"
#include "cache/replica/stores.h"
#include "cache/sqlite/reserve.h"
#include "gateway/app/catalog_keeper.h"
#include "gateway/app/data_folder.h"
#include "gateway/app/https.h"
#include "gateway/app/issuers.h"
#include "gateway/app/journal_keeper.h"
#include "gateway/app/project_storage.h"
#include "gateway/app/realtime_watch.h"
#include "gateway/app/replica_keeper.h"
#include "gateway/app/salvages.h"
#include "gateway/base/network_watch.h"
#include "gateway/base/periodic_task.h"
#include "gateway/base/worker_pool.h"
#include "gateway/identity/authenticator.h"
#include "gateway/identity/session_closer.h"
#include "gateway/identity/session_credentials.h"
#include "gateway/identity/session_upstream.h"
#include "gateway/server/listener.h"
#include "gateway/upstream/monitored_upstream.h"
#include "gateway/upstream/prober.h"
#include "gateway/upstream/supabase_upstream.h"
#include "queue/bare_delivery.h"
#include "queue/companion_delivery.h"
#include "queue/dispatcher.h"
#include "queue/synchronizer.h"

namespace holdfast::app {
namespace {

// Requests that wait for the upstream at the same time; further ones queue.
constexpr std::size_t kWorkers = 64;
// However short the interval of syncing is.
constexpr std::chrono::milliseconds kLeastCompanionInterval{2'000};
// Plans of reads that are kept; one takes a few kilobytes.
constexpr std::size_t kPlans = 1'000;

double random_fraction() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

// Without an upstream the replica is what was imported, and nobody else has the rest of it.
config::Config without_pulls(config::Config config, bool standalone) {
  config.replica.imported_only = config.upstream.url.empty() && !standalone;
  if (!standalone && !config.replica.imported_only) return config;
  for (auto& [name, table] : config.replica.table_options) {
    table.filter.clear();
    table.columns = {"*"};
    table.max_rows = 0;
    table.deleted_at_column.clear();
  }
  return config;
}

CatalogOptions catalog_options(const config::Config& config,
                               std::function<bool()> may_connect = {}) {
  const bool secret = !config.upstream.service_key.empty();
  return {config.db_url, secret ? config.upstream.service_key : config.upstream.anon_key,
          config.rest.schemas, std::move(may_connect)};
}

// Of a full disk the principals' reserve makes way: the gateway answers all the same.
std::string project_file(const std::string& folder, Logger& log) {
  cache::Reserve::in(folder + "/principals").release_if_full();
  return sound_project_file(folder + "/project.db", log);
}

}  // namespace

// In order of construction. What a part is given of later ones it uses from start() on only.
struct App::Parts {
  Parts(const config::Config& config, const AppVariant& variant,
        const std::shared_ptr<Logger>& logger)
      : log(logger),
        folder(data_folder_of(config)),
        file(project_file(folder.path(), *logger)),
        client(config.upstream, clock),
        wrapped(variant.wrap_upstream ? variant.wrap_upstream(client) : nullptr),
        connectivity(config.upstream, clock),
        monitored(wrapped ? *wrapped : static_cast<upstream::Upstream&>(client), connectivity,
                  clock, &server_clock),
        book(config.identity),
        storage(file),
        issuers(config.identity, config.upstream, clock),
        sign_ins(storage, folder.seal_key(), monitored, book, config.identity, server_clock,
                 issuers.list()),
        upstream(monitored, sign_ins.tokens, sign_ins.refresher),
        credentials(book, sign_ins.sessions, sign_ins.refresher, server_clock),
        authenticator(
            config.identity, upstream, book, sign_ins,
            [this] { return connectivity.snapshot().state; }, server_clock),
        bare(upstream, config.replica),
        delivery(upstream, bare, companion, config.replica),
        dispatcher(delivery, credentials, config.dispatcher, config.replica, clock, random_fraction,
                   logger),
        responses(config.responses, clock),
        journal(folder.seal_key(), clock),
        stores(folder.path() + "/principals", config.replica,
               [this](cache::Store& store) { opened(store); }),
        puller(upstream, credentials, config.replica, config.pull, clock, logger),
        synchronizer(stores, dispatcher, puller, config.dispatcher, config.pull, clock, logger),
        prober(monitored, connectivity, config.upstream, clock),
        realtime({config.upstream, config.rest.schemas},
                 {stores, credentials, [this] { return connectivity.offline(); },
                  [this](const std::string& principal) { synchronizer.wake_puller(principal); }},
                 logger),
        network([this] { network_changed(); }, logger),
        keeper(catalog_options(config, [this] { return !connectivity.offline_by_choice(); }),
               upstream, file, stores, synchronizer, logger),
        companion_watch(
            "companion", std::max(config.pull.interval, kLeastCompanionInterval),
            [this, key = catalog_options(config).api_key] { look_for_companion(key); }, logger),
        journals({stores, file, journal, upstream, credentials, companion, connectivity, clock},
                 logger),
        file_check(
            "file_check", ReplicaKeeper::interval(config.replica), [this] { replicas.check(); },
            logger),
        replicas(config.replica, stores, synchronizer, workers, clock, logger),
        plans(kPlans),
        context{stores,       authenticator, sign_ins, upstream,          connectivity,
                synchronizer, workers,       clock,    config.replica,    config.rest,
                plans,        responses,     logger,   variant.standalone},
        history(folder.path() + "/project.db"),
        panel(context, status_identity(config), folder.control_token(config.control_token),
              history),
        router(context, status_identity(config),
               routes::ControlAccess(folder.control_token(config.control_token)), panel,
               variant.extra),
        session_closing(
            "session_closing", config.pull.interval, [this] { close_ended_sessions(); }, logger),
        sampling(
            "sampling", routes::Metrics::kInterval, [this] { panel.sample(); }, logger),
        workers(kWorkers, logger),
        https(config, clock, logger),
        listener(config.listener, router, logger, https.tls()) {}

  routes::StatusIdentity status_identity(const config::Config& config) {
    return {config.upstream.url, companion, std::make_shared<routes::RowCounts>(clock)};
  }

  // Before anybody else has the store: what was being sent at a crash may have taken effect.
  void opened(cache::Store& store) {
    journal.attach(store);
    dispatcher.recover(store);
    if (synchronizer_ready) synchronizer.wake_puller(store.principal().id);
  }

  // Hard case 1. On the thread of the token's request, before the request is answered.
  void note_claims(const identity::Claims& claims) {
    if (claims.principal.kind != http::Principal::Kind::kUser) return;
    const auto store = stores.open(claims.principal);
    if (store->note_claims(claims.epoch, claims.issued.value_or(Timestamp()))) {
      log->info("claims_changed principal={}", claims.principal.id);
      synchronizer.wake_puller(claims.principal.id);
    }
    replicas.fit(claims.principal);
  }

  // What was online may have gone without a word, and what was offline may be back.
  void network_changed() {
    prober.look_now();
    if (connectivity.online()) synchronizer.upstream_reached();
  }

  void close_ended_sessions() {
    const auto pending = [this](const std::string& principal_id) {
      for (const auto& store : stores.all()) {
        if (store->principal().id != principal_id) continue;
        auto reader = store->reader();
        if (!queue::Outbox(store->overlay()).empty(*reader)) return true;
      }
      return false;
    };
    identity::close_ended_sessions(sign_ins, upstream, pending, server_clock);
  }

  // So that the tier is known before anything is sent, and another one soon after the migration was
  // installed or taken away.
  void look_for_companion(const std::string& key) {
    const std::string before = companion.tier();
    companion.probe(upstream, {key, ""});
    if (before != companion.tier()) log->info("upstream_tier tier={}", companion.tier());
  }

  const std::shared_ptr<Logger> log;
  SystemClock clock;
  upstream::ServerClock server_clock{clock};
  DataFolder folder;
  cache::ProjectFile file;
  upstream::SupabaseUpstream client;
  std::unique_ptr<upstream::Upstream> wrapped;
  upstream::Connectivity connectivity;
  upstream::MonitoredUpstream monitored;
  identity::TokenBook book;
  ProjectStorage storage;
  Issuers issuers;
  identity::SessionKeeper sign_ins;
  identity::SessionUpstream upstream;
  identity::SessionCredentials credentials;
  identity::Authenticator authenticator;
  queue::BareDelivery bare;
  queue::Companion companion;
  queue::CompanionDelivery delivery;
  queue::Dispatcher dispatcher;
  bool synchronizer_ready = false;
  bool catalog_kept = false;
  cache::ResponseCache responses;  // its work is done by the stores' writers
  queue::Journal journal;
  cache::Stores stores;
  cache::Puller puller;
  queue::Synchronizer synchronizer;
  upstream::Prober prober;
  RealtimeWatch realtime;
  NetworkWatch network;
  CatalogKeeper keeper;
  PeriodicTask companion_watch;
  JournalKeeper journals;
  PeriodicTask file_check;
  ReplicaKeeper replicas;
  routes::PlanCache plans;
  routes::Context context;
  cache::MetricsHistory history;
  routes::Panel panel;
  routes::Router router;
  PeriodicTask session_closing;
  PeriodicTask sampling;
  // Ends before what its work is about.
  WorkerPool workers;
  Https https;
  server::Listener listener;
};

App::App(config::Config config, std::shared_ptr<Logger> logger, AppVariant variant)
    : config_(without_pulls(std::move(config), variant.standalone)),
      logger_(std::move(logger)),
      variant_(std::move(variant)) {}

App::~App() { stop(); }

void App::open() {
  parts_ = std::make_unique<Parts>(config_, variant_, logger_);
  Parts& parts = *parts_;
  parts.synchronizer_ready = true;
  if (const auto newest = parts.sign_ins.sessions.newest()) parts.server_clock.not_before(*newest);
  parts.stores.observe_salvages(
      [&parts](const cache::Salvage& salvage) { report(salvage, *parts.log); });
  if (!variant_.catalog_document.empty()) {
    parts.file.keep_catalog_document(variant_.catalog_document);
  }
  parts.catalog_kept = parts.keeper.load_kept();
}

void App::start() {
  check_listeners(config_.listener);
  open();
  Parts& parts = *parts_;
  // The first run: without a catalog nothing could be answered from here.
  if (!variant_.standalone && !parts.catalog_kept) parts.keeper.refresh();
  parts.stores.open(http::Principal::anonymous());
  parts.authenticator.observe_claims(
      [&parts](const identity::Claims& claims) { parts.note_claims(claims); });
  parts.synchronizer.observe_pulls([&parts](const cache::PullOutcome& outcome, auto taken) {
    parts.panel.note_pull(outcome, taken);
  });
  if (!variant_.standalone) {
    parts.context.schema_doubted = [&parts] { parts.keeper.doubt(); };
    parts.context.came_back = [&parts](const http::Principal& principal) {
      parts.replicas.come_back(principal);
    };
  }
  if (config_.replica.imported_only) {
    parts.context.use_catalog = [&parts](const std::string& document) {
      return parts.keeper.take(document);
    };
  }
  parts.https.start();
  parts.dispatcher.rest_while([&parts] { return parts.connectivity.offline(); });
  parts.synchronizer.observe_refusals([&parts] { parts.keeper.wake(); });
  parts.listener.start();
  try {
    parts.folder.announce(url());
  } catch (const DataFolderError& error) {
    // Apps are answered; the command line and the tray do not find it until there is room.
    parts.log->warn("not_announced reason={}", error.what());
  }
  parts.panel.start();
  parts.router.realtime().start();
  parts.sampling.start();
  if (variant_.standalone) return;
  parts.book.observe([&parts](const std::string& principal) {
    // On an I/O thread: what follows writes.
    parts.workers.post([&parts, principal] { parts.synchronizer.token_arrived(principal); });
  });
  parts.connectivity.observe([&parts](upstream::Connectivity::State state) {
    // Who still waits for an answer gets the offline one.
    if (state == upstream::Connectivity::State::kOffline) parts.client.abandon_calls();
    if (state != upstream::Connectivity::State::kOnline) return;
    parts.workers.post([&parts] {
      parts.synchronizer.upstream_reached();
      parts.session_closing.wake();
      parts.keeper.wake();
      parts.realtime.wake();
      parts.companion_watch.wake();
    });
  });
  parts.prober.start();
  if (config_.pull.realtime && !config_.upstream.url.empty()) parts.realtime.start();
  parts.network.start();
  parts.keeper.start();
  parts.companion_watch.start();
  parts.journals.start();
  parts.file_check.start();
  parts.synchronizer.start();
  parts.session_closing.start();
}

void App::stop() {
  if (!parts_) return;
  parts_->network.stop();
  parts_->listener.stop();
  parts_->https.stop();
  parts_->panel.stop();
  parts_->router.realtime().stop();
  parts_->sampling.stop();
  parts_->upstream.stop();
  parts_->realtime.stop();
  parts_->issuers.stop();
  parts_->session_closing.stop();
  parts_->synchronizer.stop();
  parts_->keeper.stop();
  parts_->companion_watch.stop();
  parts_->file_check.stop();
  parts_->prober.stop();
  parts_->journals.stop();
  parts_.reset();
}

http::Response App::answer_control(http::Request request) {
  Parts& parts = *parts_;
  request.from_loopback = true;
  request.headers.set("Authorization",
                      "Bearer " + parts.folder.control_token(config_.control_token));
  if (request.path() == "/sync") parts.look_for_companion(catalog_options(config_).api_key);
  auto answer = std::make_shared<std::promise<http::Response>>();
  auto answered = answer->get_future();
  parts.router.handle(std::move(request),
                      [answer = std::exchange(answer, nullptr)](http::Response response) {
                        answer->set_value(std::move(response));
                      });
  try {
    return answered.get();
  } catch (const std::future_error&) {
    // Nobody is left who could answer.
    return http::json_response(500, R"({"message":"The gateway failed on this request"})");
  }
}

std::string App::dashboard_link() { return parts_->panel.make_link(url()); }

std::string App::url() const {
  return http_address(config_.listener.host, parts_->listener.port());
}

std::string App::https_url() const {
  return https_address(config_.listener.tls_host, parts_->listener.tls_port());
}

cache::Stores& App::stores() { return parts_->stores; }

}  // namespace holdfast::app
