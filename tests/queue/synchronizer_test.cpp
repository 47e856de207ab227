#include "queue/synchronizer.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "cache/pull/puller.h"
#include "cache/replica/stores.h"
#include "tests/queue/fixture.h"
#include "tests/support/temp_dir.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;

class SynchronizerTest : public ::testing::Test {
 protected:
  SynchronizerTest() {
    stores_.set_catalog(cache::sample::catalog());
    store_ = stores_.open(http::Principal::anonymous());
  }

  support::TempDir dir_;
  support::ManualClock clock_{cache::sample::noon()};
  support::FakeUpstream upstream_;
  FakeCredentials credentials_;
  cache::ReplicaOptions replica_;
  cache::PullOptions pull_;
  DispatcherOptions dispatching_;
  BareDelivery delivery_{upstream_, replica_};
  cache::Stores stores_{(dir_.path() / "principals").string(), replica_, [](cache::Store&) {}};
  Dispatcher dispatcher_{delivery_, credentials_,       dispatching_,   replica_,
                         clock_,    [] { return 1.0; }, silent_logger()};
  cache::Puller puller_{upstream_, credentials_, replica_, pull_, clock_, silent_logger()};
  Synchronizer synchronizer_{stores_, dispatcher_, puller_,        dispatching_,
                             pull_,   clock_,      silent_logger()};
  std::shared_ptr<cache::Store> store_;
};

// A catalog that changes replaces the stores: what is being sent then is not left from a crash.
TEST_F(SynchronizerTest, StoresAreReplacedOnlyBetweenCallsToTheUpstream) {
  std::promise<void> entered;
  std::promise<void> release;
  std::atomic<bool> first{true};
  upstream_.respond_with([&](const upstream::Call&) -> upstream::Outcome {
    if (first.exchange(false)) {
      entered.set_value();
      release.get_future().wait();
    }
    return upstream::Failure{upstream::Loss::kNotSent, "no"};
  });
  std::thread syncing([&] { synchronizer_.sync_now(); });
  entered.get_future().wait();
  std::promise<void> replaced;
  auto done = replaced.get_future();
  std::thread replacing([&] { synchronizer_.exclusively([&] { replaced.set_value(); }); });
  EXPECT_EQ(done.wait_for(100ms), std::future_status::timeout);
  release.set_value();
  done.wait();
  syncing.join();
  replacing.join();
}

// A wait of half a second must not become one of an hour because the clock was wrong when it began.
TEST_F(SynchronizerTest, WaitsAreOverWhenTheClockIsSetBack) {
  Entry entry;
  entry.id = "an entry";
  entry.relation = "public.todos";
  entry.operation = "insert";
  entry.method = "POST";
  entry.target = "/rest/v1/todos";
  entry.headers = entry.claims = "{}";
  entry.body = R"({"id":1,"title":"a"})";
  entry.idempotency_key = "hf1:a key";
  entry.created_at = clock_.now();
  store_->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
    Outbox outbox(store_->overlay());
    outbox.append(transaction, entry, {}, {});
    outbox.wait(transaction, entry, 1, {clock_.now() + 1s, 503, "busy"});
  });
  clock_.set(clock_.now() - 1h);
  std::promise<void> sent;
  std::once_flag once;
  upstream_.respond_with([&](const upstream::Call& call) -> upstream::Outcome {
    if (call.method == "POST") std::call_once(once, [&] { sent.set_value(); });
    return upstream::Failure{upstream::Loss::kNotSent, "no"};
  });
  synchronizer_.start();
  EXPECT_EQ(sent.get_future().wait_for(10s), std::future_status::ready);
  synchronizer_.stop();
}

}  // namespace
}  // namespace holdfast::queue
