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

  static Entry insertion(int id) {
    Entry entry;
    entry.id = "entry " + std::to_string(id);
    entry.relation = "public.todos";
    entry.operation = "insert";
    entry.method = "POST";
    entry.target = "/rest/v1/todos";
    entry.headers = entry.claims = "{}";
    entry.body = R"({"id":)" + std::to_string(id) + R"(,"title":"a"})";
    entry.idempotency_key = "hf1:key " + std::to_string(id);
    entry.created_at = cache::sample::noon();
    return entry;
  }
  static bool is_write(const upstream::Call& call) {
    return call.method == "POST" && call.target.starts_with("/rest/v1/todos");
  }
  void append(Entry entry) {
    store_->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
      Outbox(store_->overlay()).append(transaction, entry, {}, {});
    });
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
  Entry entry = insertion(1);
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

// Nothing else would wake the queue before flush_interval has passed.
TEST_F(SynchronizerTest, AfterAFaultAQueueIsTriedAgainSoon) {
  std::atomic<bool> faulty{false};
  std::promise<void> first;
  std::promise<void> second;
  upstream_.respond_with([&](const upstream::Call& call) -> upstream::Outcome {
    if (!is_write(call)) return upstream::Failure{upstream::Loss::kNotSent, "no"};
    if (faulty.exchange(false)) throw std::runtime_error("database or disk is full");
    const bool is_first = call.body.find("\"id\":1") != std::string::npos;
    (is_first ? first : second).set_value();
    return upstream::Answer{201, {{"Content-Range", "*/*"}}, "", {}, {}};
  });
  synchronizer_.start();
  append(insertion(1));
  synchronizer_.wake_dispatcher();
  ASSERT_EQ(first.get_future().wait_for(10s), std::future_status::ready);
  faulty = true;
  append(insertion(2));
  synchronizer_.send_now(*store_);
  EXPECT_FALSE(faulty);
  clock_.advance(1s);  // less than any other reason to look at it
  EXPECT_EQ(second.get_future().wait_for(10s), std::future_status::ready);
  synchronizer_.stop();
}

TEST_F(SynchronizerTest, APersonsSyncTellsOfAFaultAndPullsAllTheSame) {
  append(insertion(1));
  std::atomic<int> reads{0};
  upstream_.respond_with([&](const upstream::Call& call) -> upstream::Outcome {
    if (is_write(call)) throw std::runtime_error("database or disk is full");
    ++reads;
    return upstream::Failure{upstream::Loss::kNotSent, "no"};
  });
  const auto result = synchronizer_.sync_now();
  ASSERT_FALSE(result.errors.empty());
  EXPECT_EQ(result.errors.front(), "database or disk is full");
  EXPECT_GT(reads, 0);
}

// Another catalog, found at that moment, opens the file anew: what was asked for is done with it.
TEST_F(SynchronizerTest, ASyncThatMeetsAnotherCatalogPullsAllTheSame) {
  append(insertion(1));
  std::atomic<int> reads{0};
  upstream_.respond_with([&](const upstream::Call& call) -> upstream::Outcome {
    if (is_write(call)) {
      stores_.set_catalog(cache::sample::catalog());
    } else {
      ++reads;
    }
    return upstream::Failure{upstream::Loss::kNotSent, "no"};
  });
  synchronizer_.sync_now();
  EXPECT_GT(reads, 0);
}

// An initial sync may take minutes; what waits for its end must not stop the queues as well.
TEST_F(SynchronizerTest, WhatWaitsForAPullHoldsNoQueueUp) {
  std::promise<void> pulling;
  std::promise<void> release;
  std::promise<void> sent;
  std::atomic<bool> first{true};
  upstream_.respond_with([&](const upstream::Call& call) -> upstream::Outcome {
    if (is_write(call)) {
      sent.set_value();
    } else if (first.exchange(false)) {
      pulling.set_value();
      release.get_future().wait();
    }
    return upstream::Failure{upstream::Loss::kNotSent, "no"};
  });
  std::thread syncing([&] { synchronizer_.sync_now(); });
  pulling.get_future().wait();
  std::promise<void> replaced;
  std::thread replacing([&] { synchronizer_.exclusively([&] { replaced.set_value(); }); });
  EXPECT_EQ(replaced.get_future().wait_for(100ms), std::future_status::timeout);
  append(insertion(1));
  auto done = sent.get_future();
  std::thread sending([&] { synchronizer_.send_now(*store_); });
  EXPECT_EQ(done.wait_for(10s), std::future_status::ready);
  release.set_value();
  syncing.join();
  replacing.join();
  sending.join();
}

}  // namespace
}  // namespace holdfast::queue
