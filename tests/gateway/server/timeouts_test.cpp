// What a peer that does too little gets. Each test sets one time-out short and leaves the others
// far away, so that it can only pass through the one it names.
#include <sys/resource.h>

#include "tests/gateway/server/listener_fixture.h"

namespace holdfast::server {
namespace {

using std::chrono::milliseconds;

class TimeoutsTest : public ListenerTest {
 protected:
  TimeoutsTest() {
    const auto never = std::chrono::hours(1);
    options_.head_timeout = options_.body_timeout = options_.idle_timeout = never;
    options_.write_timeout = options_.drain_timeout = never;
  }
};

TEST_F(TimeoutsTest, SlowHeadIs408) {
  options_.head_timeout = milliseconds(150);
  auto client = connect();
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: loc").value().status, 408);
}

TEST_F(TimeoutsTest, DrippingHeadIs408AllTheSame) {
  options_.head_timeout = milliseconds(150);
  auto client = connect();
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
  while (!client.has_bytes(milliseconds(20)) && client.send("X: 1\r\n")) {
  }
  EXPECT_EQ(client.receive().value().status, 408);
}

TEST_F(TimeoutsTest, HeadTimeCountsForLaterRequestsToo) {
  options_.head_timeout = milliseconds(150);
  auto client = connect();
  EXPECT_EQ(client.ask(std::string(kGet) + "GET /se").value().status, 200);
  EXPECT_EQ(client.receive().value().status, 408);
}

TEST_F(TimeoutsTest, StalledBodyIs408) {
  options_.body_timeout = milliseconds(150);
  const auto answer = ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf");
  EXPECT_EQ(answer.status, 408);
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(TimeoutsTest, SlowBodyThatKeepsComingIsRead) {
  options_.body_timeout = milliseconds(400);
  auto client = connect();
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\n");
  for (int i = 0; i < 12; ++i) {
    EXPECT_FALSE(client.has_bytes(milliseconds(50)));
    client.send("x");
  }
  EXPECT_EQ(client.receive().value().body, "POST / xxxxxxxxxxxx");
}

TEST_F(TimeoutsTest, BodyThatOnlyTricklesIs408InTheEnd) {
  options_.body_timeout = milliseconds(400);
  options_.body_total_timeout = milliseconds(200);
  auto client = connect();
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n");
  for (int i = 0; i < 20 && !client.has_bytes(milliseconds(50)); ++i) client.send("x");
  EXPECT_EQ(client.receive().value().status, 408);
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(TimeoutsTest, IdleConnectionIsClosedWithoutAWord) {
  options_.idle_timeout = milliseconds(150);
  auto client = connect();
  EXPECT_EQ(client.ask(kGet).value().status, 200);
  EXPECT_TRUE(client.at_end());
}

TEST_F(TimeoutsTest, ConnectionThatNeverAsksIsClosed) {
  options_.idle_timeout = milliseconds(150);
  auto client = connect();
  EXPECT_TRUE(client.at_end());
}

TEST_F(TimeoutsTest, PeerThatDoesNotReadIsCut) {
  options_.write_timeout = milliseconds(150);
  options_.shutdown_grace = milliseconds(0);
  handler_.answer_with({200, {}, std::string(64 * 1024 * 1024, 'x')});
  start();
  auto client = test::RawClient::with_small_window(listener_->port());
  client.send(kGet);
  // A reset or an end, at any rate long before the 64 MiB.
  EXPECT_TRUE(client.has_bytes(milliseconds(5000)));
  auto prober = connect();
  handler_.answer_with({200, {}, "x"});
  EXPECT_EQ(prober.ask(kGet).value().status, 200);
  while (client.send(kGet)) EXPECT_FALSE(prober.has_bytes(milliseconds(10)));
  EXPECT_FALSE(client.receive().has_value());
}

TEST_F(TimeoutsTest, SlowReaderThatKeepsReadingGetsEverything) {
  options_.write_timeout = milliseconds(500);
  handler_.answer_with({200, {}, std::string(8 * 1024 * 1024, 'x')});
  start();
  auto client = test::RawClient::with_small_window(listener_->port());
  EXPECT_EQ(client.ask(kGet).value().body.size(), 8U * 1024 * 1024);
}

TEST_F(TimeoutsTest, HandlerMayTakeLongerThanAnyTimeout) {
  options_.head_timeout = options_.body_timeout = options_.idle_timeout = milliseconds(50);
  options_.write_timeout = milliseconds(50);
  http::Respond kept;
  Mutex mutex;
  Condition came;
  handler_.answer_by([&](const http::Request&, http::Respond respond) {
    MutexLock lock(mutex);
    kept = std::move(respond);
    came.notify_all();
  });
  auto client = connect();
  client.send(kGet);
  {
    MutexLock lock(mutex);
    while (!kept) came.wait(mutex);
  }
  EXPECT_FALSE(client.has_bytes(milliseconds(300)));
  kept({200, {}, "late"});
  EXPECT_EQ(client.receive().value().body, "late");
}

TEST_F(TimeoutsTest, RefusedPeerThatSendsForEverIsCut) {
  options_.body_limit = 10;
  options_.drain_timeout = milliseconds(150);
  auto client = connect();
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n");
  EXPECT_EQ(client.receive().value().status, 413);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (client.send("more") && std::chrono::steady_clock::now() < end) {
  }
  EXPECT_LT(std::chrono::steady_clock::now(), end);
}

}  // namespace
}  // namespace holdfast::server
