#pragma once

#include <gtest/gtest.h>

#include <future>

#include "gateway/identity/session_upstream.h"
#include "queue/bare_delivery.h"
#include "routes/router.h"
#include "tests/cache/replica/sample.h"
#include "tests/gateway/identity/memory_storage.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace holdfast::routes {

// The routes over a real store, before a scripted upstream. Nothing is sent by itself: the
// dispatcher is not started.
class RoutesTest : public ::testing::Test {
 protected:
  static constexpr const char* kKey = "sb_publishable_test";
  static constexpr const char* kControlToken = "control-token-of-a-test";

  RoutesTest() { use(cache::sample::catalog()); }

  // Goes on with this catalog, all of whose tables are complete.
  void use(const std::shared_ptr<const cache::Catalog>& catalog) {
    store_.reset();
    stores_.set_catalog(catalog);
    store_ = stores_.open(http::Principal::anonymous());
    store_->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
      for (const auto* table : store_->replicated()) store_->mark_complete(transaction, *table);
    });
    for (const auto* table : store_->replicated()) {
      store_->publish(*table, cache::TableStatus::kComplete);
    }
  }

  void go_offline() { connectivity_.failed(upstream::Loss::kNotSent, clock_.monotonic()); }
  void go_online() { connectivity_.answered(clock_.monotonic()); }

  http::Response ask(http::Request request) {
    std::promise<http::Response> answer;
    router_.handle(std::move(request), [&](http::Response r) { answer.set_value(std::move(r)); });
    return answer.get_future().get();
  }
  http::Response rest(const std::string& method, const std::string& target,
                      const std::string& body = "", http::Headers headers = {}) {
    headers.add("apikey", kKey);
    if (!body.empty()) headers.add("Content-Type", "application/json");
    return ask({method, "/rest/v1/" + target, std::move(headers), body});
  }
  http::Response control(const std::string& method, const std::string& target) {
    return ask({method, target, {{"Authorization", std::string("Bearer ") + kControlToken}}, ""});
  }
  std::string header(const http::Response& response, const char* name) {
    return std::string(response.headers.find(name).value_or("(none)"));
  }
  std::int64_t depth() {
    auto reader = store_->reader();
    cache::Statement statement(*reader, "SELECT count(*) FROM hf_outbox");
    statement.step();
    return statement.integer(0);
  }
  std::int64_t unfinished() {
    auto reader = store_->reader();
    std::int64_t entries = 0;
    for (const auto& [state, count] : queue::Outbox(store_->overlay()).counts(*reader)) {
      if (!queue::is_end(state)) entries += count;
    }
    return entries;
  }
  // The upstream's image of rows.
  void put(const std::string& table, const std::string& rows) {
    const cache::Table& known = *store_->catalog().find("public", table);
    const auto parsed = cache::parse_rows(known, rows);
    ASSERT_TRUE(parsed);
    store_->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
      for (const auto& row : *parsed) {
        store_->overlay().put_base(transaction, known, cache::key_of(known, row), row);
      }
    });
  }

  struct NoCredentials final : upstream::CredentialSource {
    std::optional<upstream::Credentials> credentials_for(const http::Principal&) override {
      if (missing) return std::nullopt;
      return upstream::Credentials{kKey, ""};
    }
    void refuse(const http::Principal&, const upstream::Credentials&) override {}
    std::atomic<bool> missing{false};
  };

  support::TempDir dir_;
  support::ManualClock clock_{cache::sample::noon()};
  support::FakeUpstream upstream_;
  NoCredentials credentials_;
  std::shared_ptr<Logger> logger_ = silent_logger();
  upstream::UpstreamOptions upstream_options_;
  upstream::Connectivity connectivity_{upstream_options_, clock_};
  identity::IdentityOptions identity_{"", kKey, "sb_secret_test"};
  identity::TokenBook book_{identity_};
  identity::MemoryStorage storage_;
  identity::SessionKeeper sign_ins_{storage_, std::string(32, 'k'), upstream_, book_, identity_,
                                    clock_};
  identity::SessionUpstream session_upstream_{upstream_, sign_ins_.tokens, sign_ins_.refresher};
  identity::Authenticator authenticator_{
      identity_, upstream_, book_, sign_ins_, [this] { return connectivity_.snapshot().state; },
      clock_};
  cache::ReplicaOptions replica_;
  cache::PullOptions pull_;
  queue::DispatcherOptions dispatching_;
  RestOptions options_;
  cache::ResponseOptions response_options_;
  cache::ResponseCache responses_{response_options_, clock_};
  cache::Stores stores_{(dir_.path() / "principals").string(), replica_, [](cache::Store&) {}};
  queue::BareDelivery delivery_{upstream_, replica_};
  queue::Dispatcher dispatcher_{delivery_, credentials_,       dispatching_, replica_,
                                clock_,    [] { return 1.0; }, logger_};
  cache::Puller puller_{upstream_, credentials_, replica_, pull_, clock_, logger_};
  queue::Synchronizer synchronizer_{stores_, dispatcher_, puller_, dispatching_,
                                    pull_,   clock_,      logger_};
  WorkerPool workers_{2, silent_logger()};
  PlanCache plans_{16};
  Context context_{stores_,       authenticator_, sign_ins_, session_upstream_, connectivity_,
                   synchronizer_, workers_,       clock_,    replica_,          options_,
                   plans_,        responses_,     logger_};
  queue::Companion companion_;
  const StatusIdentity status_identity_{"http://upstream.test", companion_,
                                        std::make_shared<RowCounts>(clock_)};
  cache::MetricsHistory history_{(dir_.path() / "project.db").string()};
  Panel panel_{context_, status_identity_, kControlToken, history_};
  Router router_{context_, status_identity_, ControlAccess(kControlToken), panel_};
  std::shared_ptr<cache::Store> store_;
};

}  // namespace holdfast::routes
