#include "gateway/app/catalog_keeper.h"

#include "cache/catalog/openapi_source.h"
#include "cache/catalog/postgres_source.h"
#include "gateway/upstream/credentials.h"

namespace holdfast::app {
namespace {

// A schema changes by migrations, seldom; a query of the catalog costs some milliseconds.
constexpr std::chrono::minutes kRefreshInterval{5};
// Until the first success nothing is replicated, so it is tried more often.
constexpr std::chrono::seconds kRetryInterval{15};
// However often it is woken, by a link that comes and goes or by tables that are refused.
constexpr std::chrono::seconds kLeastInterval{2};
// What the catalog does not show may never come into it: then asking anew is of no use.
constexpr std::chrono::seconds kDoubtInterval{10};

}  // namespace

CatalogKeeper::CatalogKeeper(CatalogOptions options, upstream::Upstream& upstream,
                             cache::ProjectFile& file, cache::Stores& stores,
                             queue::Synchronizer& synchronizer, std::shared_ptr<Logger> logger)
    : options_(std::move(options)),
      upstream_(upstream),
      file_(file),
      stores_(stores),
      synchronizer_(synchronizer),
      logger_(std::move(logger)) {}

CatalogKeeper::~CatalogKeeper() { stop(); }

bool CatalogKeeper::load_kept() {
  const auto document = file_.catalog_document();
  return document && use(*document);
}

bool CatalogKeeper::refresh() {
  const auto document = read_document();
  if (!document) {
    logger_->info("catalog_not_read reason={}", document.error().message);
    return false;
  }
  return take(*document);
}

bool CatalogKeeper::take(const std::string& document) {
  if (!use(document)) return false;
  file_.keep_catalog_document(document);
  return true;
}

Result<std::string> CatalogKeeper::read_document() {
  if (!options_.db_url.empty()) {
    if (options_.may_connect && !options_.may_connect()) {
      return upstream_unavailable("taken offline by a person");
    }
    return cache::read_catalog_document_from_postgres(options_.db_url, options_.schemas);
  }
  auto document = read_from_companion();
  const bool reached = document || document.error().kind == ErrorKind::kUpstreamRejected;
  // A catalog that a better source told once is not given up for the description.
  if (document || !reached || has_whole_) return document;
  return read_from_openapi();
}

Result<std::string> CatalogKeeper::read_from_companion() {
  upstream::Call call;
  call.method = "POST";
  call.target = "/rest/v1/rpc/holdfast_catalog";
  call.headers.set("Content-Type", "application/json");
  call.body = "{}";
  upstream::add_credentials({options_.api_key, ""}, call.headers);
  const auto outcome = upstream_.call(call);
  if (!outcome.answered()) return upstream_unavailable(outcome.failure().reason);
  if (outcome.answer().status != 200) {
    return Error{ErrorKind::kUpstreamRejected, "HF502",
                 "the upstream has no holdfast_catalog() and [upstream] db_url is not set",
                 std::nullopt, std::nullopt};
  }
  return outcome.answer().body;
}

Result<std::string> CatalogKeeper::read_from_openapi() {
  std::vector<cache::SchemaDescription> descriptions;
  for (const std::string& schema : options_.schemas) {
    upstream::Call call;
    call.target = "/rest/v1/";
    call.headers.set("Accept", "application/openapi+json");
    call.headers.set("Accept-Profile", schema);
    upstream::add_credentials({options_.api_key, ""}, call.headers);
    auto outcome = upstream_.call(call);
    if (!outcome.answered()) return upstream_unavailable(outcome.failure().reason);
    if (outcome.answer().status != 200) {
      return Error{ErrorKind::kUpstreamRejected, "HF502",
                   "the upstream has no holdfast_catalog(), does not describe itself to this key, "
                   "and [upstream] db_url is not set",
                   std::nullopt, std::nullopt};
    }
    descriptions.push_back({schema, std::move(outcome).answer().body});
  }
  HF_TRY(const auto catalog, cache::catalog_of_openapi(descriptions));
  return cache::print_catalog(catalog);
}

bool CatalogKeeper::use(const std::string& document) {
  auto catalog = cache::parse_catalog(document);
  if (!catalog) {
    logger_->warn("catalog_unreadable reason={}", catalog.error().message);
    return false;
  }
  MutexLock lock(using_);
  std::string hash = catalog->hash();
  has_whole_ = !catalog->is_partial();
  if (hash == hash_) return true;
  logger_->info("catalog_used tables={} hash={}", catalog->tables().size(), hash);
  synchronizer_.exclusively(
      [&] { stores_.set_catalog(std::make_shared<const cache::Catalog>(*std::move(catalog))); });
  hash_ = std::move(hash);
  // What waited for another schema may be sent now.
  synchronizer_.wake_dispatcher();
  return true;
}

void CatalogKeeper::start() {
  thread_ = std::thread([this] { run(); });
}

void CatalogKeeper::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CatalogKeeper::wake() {
  {
    MutexLock lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void CatalogKeeper::doubt() {
  {
    MutexLock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (doubted_ && now - *doubted_ < kDoubtInterval) return;
    doubted_ = now;
  }
  wake();
}

void CatalogKeeper::run() {
  for (;;) {
    bool read = false;
    try {
      read = refresh();
    } catch (const std::exception& fault) {
      logger_->error("catalog_fault reason={}", fault.what());
    }
    MutexLock lock(mutex_);
    const auto wait = read ? std::chrono::seconds(kRefreshInterval) : kRetryInterval;
    const auto now = std::chrono::steady_clock::now();
    const auto until = [&]() HF_REQUIRES(mutex_) {
      return now + (woken_ ? std::chrono::seconds(kLeastInterval) : wait);
    };
    while (!stopping_ && std::chrono::steady_clock::now() < until()) {
      changed_.wait_for(mutex_, until() - std::chrono::steady_clock::now());
    }
    if (stopping_) return;
    woken_ = false;
  }
}

}  // namespace holdfast::app
