#include "gateway/app/demo.h"

#include <filesystem>

#include "cache/replica/row.h"
#include "gateway/app/demo_data.h"
#include "gateway/app/demo_link.h"
#include "gateway/base/ids.h"
#include "gateway/server/listener.h"

namespace holdfast::app {
namespace {

constexpr std::uint16_t kGatewayPort = 54321;
constexpr std::uint16_t kUpstreamPort = 54322;

std::string make_key() {
  std::string digits;
  for (const char c : new_uuid()) {
    if (c != '-') digits += c;
  }
  return "sb_publishable_demo_" + digits;
}

http::Response link_answer(bool on) {
  return http::json_response(200, on ? R"({"link":"online"})" : R"({"link":"offline"})");
}

// Starts it on `port`, or on a free one where that is taken.
std::unique_ptr<App> start_on(std::uint16_t port, const config::Config& config,
                              const std::shared_ptr<Logger>& logger, const AppVariant& variant) {
  config::Config with_port = config;
  with_port.listener.port = port;
  try {
    auto app = std::make_unique<App>(with_port, logger, variant);
    app->start();
    return app;
  } catch (const server::StartupError&) {
    with_port.listener.port = 0;
    auto app = std::make_unique<App>(with_port, logger, variant);
    app->start();
    return app;
  }
}

void fill(cache::Store& store) {
  store.writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
    for (const DemoTable& sample : kDemoTables) {
      const cache::Table& table = *store.catalog().find("public", sample.name);
      const auto rows = cache::parse_rows(table, sample.rows);
      if (!rows) throw std::logic_error("a sample row cannot be read: " + rows.error().message);
      for (const cache::Row& row : *rows) store.overlay().put_clean(transaction, table, row);
      store.mark_complete(transaction, table);
    }
  });
  for (const cache::Table* table : store.replicated()) {
    store.publish(*table, cache::TableStatus::kComplete);
  }
}

}  // namespace

Demo::Demo(std::shared_ptr<Logger> logger) : logger_(std::move(logger)), key_(make_key()) {}

Demo::~Demo() { stop(); }

void Demo::start() {
  folder_ = (std::filesystem::temp_directory_path() / ("holdfast-demo-" + new_uuid())).string();
  start_upstream();
  start_gateway();
}

void Demo::stop() {
  gateway_.reset();
  upstream_.reset();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

void Demo::start_upstream() {
  config::Config config = config::default_config();
  config.data_dir = folder_ + "/upstream";
  config.upstream.anon_key = config.identity.anon_key = key_;
  AppVariant variant;
  variant.standalone = true;
  variant.catalog_document = std::string(kDemoCatalog);
  variant.extra = [](const http::Request& request) -> std::optional<http::Response> {
    constexpr std::string_view kCompanion = "/rest/v1/rpc/holdfast_";
    if (!request.path().starts_with(kCompanion)) return std::nullopt;
    if (request.path() == "/rest/v1/rpc/holdfast_catalog") {
      return http::json_response(200, std::string(kDemoCatalog));
    }
    // As PostgREST says it where the companion's other functions are not installed.
    return http::json_response(404, R"({"code":"PGRST202","message":"Could not find the function",)"
                                    R"("details":null,"hint":null})");
  };
  upstream_ = start_on(kUpstreamPort, config, logger_, variant);
  fill(*upstream_->stores().open(http::Principal::anonymous()));
}

void Demo::start_gateway() {
  config::Config config = config::default_config();
  config.data_dir = folder_ + "/gateway";
  config.upstream.url = upstream_->url();
  config.upstream.anon_key = config.identity.anon_key = key_;
  // A person watches: what happens shall be seen at once.
  config.upstream.probe_interval = std::chrono::milliseconds(500);
  config.dispatcher.backoff_base = std::chrono::milliseconds(500);
  config.dispatcher.backoff_cap = std::chrono::milliseconds(2'000);
  AppVariant variant;
  variant.wrap_upstream = [this](upstream::Upstream& client) {
    return std::make_unique<DemoLink>(client, link_on_);
  };
  variant.extra = [this](const http::Request& request) { return answer(request); };
  gateway_ = start_on(kGatewayPort, config, logger_, variant);
}

std::optional<http::Response> Demo::answer(const http::Request& request) {
  const bool online = request.path() == "/demo/online";
  if (!online && request.path() != "/demo/offline") return std::nullopt;
  if (request.method != "POST") {
    return http::Response{405, {{"Allow", "POST"}}, ""};
  }
  set_link(online);
  return link_answer(online);
}

}  // namespace holdfast::app
