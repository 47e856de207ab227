#include "gateway/server/listener.h"

#include <sys/resource.h>

#include <thread>

#include "tests/gateway/server/listener_fixture.h"

namespace holdfast::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Keeps the Respond of the last request.
class KeptRespond {
 public:
  explicit KeptRespond(ScriptedHandler& handler) {
    handler.answer_by([this](const http::Request&, http::Respond respond) {
      MutexLock lock(mutex_);
      kept_ = std::move(respond);
      came_.notify_all();
    });
  }
  http::Respond wait() {
    MutexLock lock(mutex_);
    while (!kept_) came_.wait(mutex_);
    return std::exchange(kept_, nullptr);
  }

 private:
  Mutex mutex_;
  Condition came_;
  http::Respond kept_ HF_GUARDED_BY(mutex_);
};

using ListenerLifeTest = ListenerTest;

TEST_F(ListenerLifeTest, PortZeroTakesAFreePort) {
  start();
  EXPECT_NE(listener_->port(), 0);
  EXPECT_EQ(ask(kGet).status, 200);
}

TEST_F(ListenerLifeTest, SecondInstanceOnThePortIsRefused) {
  start();
  ListenerOptions options;
  options.port = listener_->port();
  Listener second(options, handler_, silent_logger());
  try {
    second.start();
    FAIL() << "two listeners share a port";
  } catch (const StartupError& error) {
    EXPECT_EQ(std::string(error.what()), "port " + std::to_string(options.port) +
                                             " on 127.0.0.1 is already in use; is another "
                                             "holdfast running?");
  }
  EXPECT_EQ(ask(kGet).status, 200);
}

TEST_F(ListenerLifeTest, RestartTakesThePortAgainAtOnce) {
  start();
  options_.port = listener_->port();
  auto client = connect();
  client.ask(kGet);
  listener_->stop();  // the server closes first, so its side is left in TIME_WAIT
  EXPECT_TRUE(client.at_end());
  start();
  EXPECT_EQ(ask(kGet).status, 200);
}

TEST_F(ListenerLifeTest, UnusableHostIsAClearError) {
  options_.host = "203.0.113.1";
  EXPECT_THROW(start(), StartupError);
  listener_.reset();
  options_.host = "no.such.host.invalid";
  EXPECT_THROW(start(), StartupError);
  listener_.reset();
}

TEST_F(ListenerLifeTest, NameIsResolved) {
  options_.host = "localhost";
  start();
  EXPECT_NE(listener_->port(), 0);
}

TEST_F(ListenerLifeTest, StopAnswersWhatIsInProgress) {
  KeptRespond kept(handler_);
  auto client = connect();
  client.send(kGet);
  const auto respond = kept.wait();
  std::thread stopping([&] { listener_->stop(); });
  // Refused connections show that stop() has begun.
  auto idle_gone = [&] {
    try {
      test::RawClient probe(listener_->port());
      return false;
    } catch (const std::system_error&) {
      return true;
    }
  };
  while (!idle_gone()) {
  }
  respond({200, {}, "done"});
  const auto answer = client.receive().value();
  stopping.join();
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(value(answer, "Connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST_F(ListenerLifeTest, StopClosesIdleConnectionsAtOnce) {
  options_.shutdown_grace = milliseconds(60'000);
  auto fresh = connect();
  auto used = connect();
  EXPECT_EQ(used.ask(kGet).value().status, 200);
  const auto begin = steady_clock::now();
  listener_->stop();
  EXPECT_LT(steady_clock::now() - begin, milliseconds(5'000));
  EXPECT_TRUE(used.at_end());
}

TEST_F(ListenerLifeTest, StopEndsAfterTheGrace) {
  options_.shutdown_grace = milliseconds(200);
  KeptRespond kept(handler_);
  auto waiting = connect();
  waiting.send(kGet);
  const auto respond = kept.wait();
  auto half = connect();
  half.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
  const auto begin = steady_clock::now();
  listener_->stop();
  EXPECT_LT(steady_clock::now() - begin, milliseconds(5'000));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(200));
  EXPECT_FALSE(waiting.receive().has_value());
  respond({200, {}, "too late"});
}

TEST_F(ListenerLifeTest, StopMayBeRepeated) {
  start();
  const std::uint16_t port = listener_->port();
  listener_->stop();
  listener_->stop();
  EXPECT_THROW(test::RawClient{port}, std::system_error);
}

TEST_F(ListenerLifeTest, RespondOutlivesConnectionAndListener) {
  KeptRespond kept(handler_);
  options_.shutdown_grace = milliseconds(0);
  auto client = std::make_unique<test::RawClient>((start(), listener_->port()));
  client->send(kGet);
  const auto first = kept.wait();
  client.reset();
  first({200, {}, "to nobody"});
  auto other = connect();
  other.send(kGet);
  const auto second = kept.wait();
  const std::uint16_t port = listener_->port();
  listener_.reset();
  second({200, {}, "to nobody"});
  EXPECT_THROW(test::RawClient{port}, std::system_error);
}

TEST_F(ListenerLifeTest, ThousandIdleConnectionsDoNotHinderTheNext) {
  start();
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
  if (limit.rlim_cur < 2'200) GTEST_SKIP() << "too few open files allowed here";
  std::vector<std::unique_ptr<test::RawClient>> idle;
  for (int i = 0; i < 1'000; ++i) {
    idle.push_back(std::make_unique<test::RawClient>(listener_->port()));
    ASSERT_EQ(idle.back()->ask(kGet).value().status, 200);
  }
  const auto begin = steady_clock::now();
  EXPECT_EQ(ask(kGet).status, 200);
  EXPECT_LT(steady_clock::now() - begin, milliseconds(500));
  for (const auto& client : idle) ASSERT_EQ(client->ask(kGet).value().status, 200);
}

TEST_F(ListenerLifeTest, ConnectionsBeyondTheLimitAreClosed) {
  options_.max_connections = 2;
  auto first = connect();
  auto second = connect();
  EXPECT_EQ(first.ask(kGet).value().status, 200);
  EXPECT_EQ(second.ask(kGet).value().status, 200);
  auto third = connect();
  EXPECT_TRUE(third.at_end());
  EXPECT_EQ(first.ask(kGet).value().status, 200);
}

TEST_F(ListenerLifeTest, ManyClientsAtOnceAreAnsweredRight) {
  options_.threads = 3;
  start();
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      test::RawClient client(listener_->port());
      for (int i = 0; i < 200; ++i) {
        const auto target = "/" + std::to_string(t) + "/" + std::to_string(i);
        const auto answer = client.ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        if (answer && answer->body == "GET " + target + " ") ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 8 * 200);
}

}  // namespace
}  // namespace holdfast::server
