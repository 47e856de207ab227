#include <gmock/gmock.h>

#include <array>
#include <future>

#include "tests/gateway/upstream/supabase_upstream_fixture.h"

// How long a call is waited for, and what ends it.
namespace holdfast::upstream {
namespace {

using ::testing::HasSubstr;

class UpstreamPatienceTest : public SupabaseUpstreamTest {};

TEST_F(UpstreamPatienceTest, SlowAnswerEndsWithTheTimeout) {
  std::promise<void> done;
  serve([waiting = done.get_future().share()](const Exchange&) {
    waiting.wait();
    return Then::kClose;
  });
  Call request;
  request.target = "/x";
  request.timeout = 100ms;
  const auto outcome = upstream_->call(request);
  done.set_value();
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kAnswerLost);
  EXPECT_THAT(outcome.failure().reason, HasSubstr("in time"));
}

TEST_F(UpstreamPatienceTest, SilenceOnAReusedConnectionIsNotWaitedForTwice) {
  std::promise<void> done;
  serve([waiting = done.get_future().share()](const Exchange& exchange) {
    if (exchange.head.starts_with("GET /second")) waiting.wait();
    exchange.answer(200, "ok");
    return Then::kKeepOpen;
  });
  ASSERT_TRUE(call("GET", "/first").answered());
  Call request;
  request.target = "/second";
  request.timeout = 100ms;
  const auto outcome = upstream_->call(request);
  done.set_value();
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(server_->exchanges().size(), 2U);
}

TEST_F(UpstreamPatienceTest, CallsThatAreGivenUpEndAsLostAndLaterOnesAreTried) {
  std::promise<void> arrived;
  std::promise<void> done;
  serve([&, waiting = done.get_future().share()](const Exchange& exchange) {
    if (exchange.head.starts_with("GET /silent")) {
      arrived.set_value();
      waiting.wait();
      return Then::kClose;
    }
    exchange.answer(200, "ok");
    return Then::kKeepOpen;
  });
  ASSERT_TRUE(call("GET", "/first").answered());
  auto under_way = std::async(std::launch::async, [&] { return call("GET", "/silent"); });
  arrived.get_future().wait();
  upstream_->abandon_calls();
  const auto outcome = under_way.get();
  done.set_value();
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kAnswerLost);
  EXPECT_TRUE(call("GET", "/later").answered());
}

// What is wrong is told of all, and not of the one alone that found it out.
TEST_F(UpstreamPatienceTest, CallsThatAreGivenUpTellWhatTheLastFailureWas) {
  options_.largest_answer = 100;
  std::promise<void> arrived;
  std::promise<void> done;
  serve([&, waiting = done.get_future().share()](const Exchange& exchange) {
    if (exchange.head.starts_with("GET /silent")) {
      arrived.set_value();
      waiting.wait();
    } else {
      exchange.answer(200, std::string(1000, 'x'));
    }
    return Then::kClose;
  });
  auto under_way = std::async(std::launch::async, [&] { return call("GET", "/silent"); });
  arrived.get_future().wait();
  ASSERT_FALSE(call("GET", "/large").answered());
  upstream_->abandon_calls();
  EXPECT_THAT(under_way.get().failure().reason, HasSubstr("too large"));
  done.set_value();
}

// Each byte of a handshake would be waited for anew, and who gives up calls waits for none of it.
TEST_F(UpstreamPatienceTest, CallsThatStillConnectAreGivenUpToo) {
  std::promise<void> arrived;
  std::promise<bool> gone;
  serve([&](const Exchange& exchange) {
    arrived.set_value();
    // A record of 16 KiB that takes more than a minute.
    bool taken = exchange.send(std::string("\x16\x03\x03\x40\x00", 5));
    for (int i = 0; i < 16'384 && taken; ++i) {
      std::this_thread::sleep_for(5ms);  // the peer's slowness
      taken = exchange.send(std::string(1, '\0'));
    }
    gone.set_value(!taken);
    return Then::kClose;
  });
  server_->tell_handshakes();
  connect("https" + server_->url().substr(4));
  auto under_way = std::async(std::launch::async, [&] { return call("GET", "/x"); });
  arrived.get_future().wait();
  upstream_->abandon_calls();
  const auto outcome = under_way.get();
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kNotSent);
  EXPECT_TRUE(gone.get_future().get());
}

TEST_F(UpstreamPatienceTest, AnAnswerWithoutEndEndsAtItsLimit) {
  options_.largest_answer = 100'000;
  serve([](const Exchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    while (exchange.send(std::string(10'000, 'x'))) continue;
    return Then::kClose;
  });
  const auto outcome = call("GET", "/x");
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kAnswerLost);
  EXPECT_THAT(outcome.failure().reason, HasSubstr("too large"));
}

TEST_F(UpstreamPatienceTest, DrippingBodyEndsWithTheTimeout) {
  serve([](const Exchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    while (exchange.send("x")) std::this_thread::sleep_for(1ms);  // the peer's slowness
    return Then::kClose;
  });
  Call request;
  request.target = "/x";
  request.timeout = 100ms;
  const auto outcome = upstream_->call(request);
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kAnswerLost);
  EXPECT_THAT(outcome.failure().reason, HasSubstr("in time"));
}

TEST_F(UpstreamPatienceTest, ALargeBodyThatComesSteadilyMayTakeLonger) {
  serve([piece = std::string(50'000, 'x')](const Exchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n");
    for (int i = 0; i < 10; ++i) {
      exchange.send(piece);
      std::this_thread::sleep_for(30ms);  // the peer's slowness
    }
    return Then::kClose;
  });
  Call request;
  request.target = "/x";
  request.timeout = 100ms;
  const auto outcome = upstream_->call(request);
  ASSERT_TRUE(outcome.answered()) << outcome.failure().reason;
  EXPECT_EQ(outcome.answer().body.size(), 500'000U);
}

TEST_F(UpstreamPatienceTest, WhatIsUnhurriedHasATimeoutOfItsOwn) {
  options_.timeout = 50ms;
  options_.function_timeout = 10s;
  std::promise<void> done;
  serve([waiting = done.get_future().share()](const Exchange& exchange) {
    if (waiting.wait_for(200ms) == std::future_status::ready) return Then::kClose;
    exchange.answer(200, "at last");
    return Then::kClose;
  });
  Call request;
  request.target = "/functions/v1/slow";
  request.unhurried = true;
  EXPECT_TRUE(upstream_->call(request).answered());
  request.unhurried = false;
  EXPECT_FALSE(upstream_->call(request).answered());
  done.set_value();
}

TEST_F(UpstreamPatienceTest, AHeadThatNeverEndsEndsWithTheTimeout) {
  for (const char* more : {"X-More: x\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    serve([more](const Exchange& exchange) {
      if (more[0] == 'X') exchange.send("HTTP/1.1 200 OK\r\n");
      while (exchange.send(more)) std::this_thread::yield();
      return Then::kClose;
    });
    Call request;
    request.method = "POST";
    request.target = "/x";
    request.timeout = 100ms;
    const auto outcome = upstream_->call(request);
    ASSERT_FALSE(outcome.answered()) << more;
    EXPECT_EQ(outcome.failure().loss, Loss::kAnswerLost);
    EXPECT_THAT(outcome.failure().reason, HasSubstr("in time"));
  }
}

TEST_F(UpstreamPatienceTest, StopEndsTheCallUnderWayAndRefusesLaterOnes) {
  std::promise<void> arrived;
  std::promise<void> done;
  serve([&, waiting = done.get_future().share()](const Exchange&) {
    arrived.set_value();
    waiting.wait();
    return Then::kClose;
  });
  auto under_way = std::async(std::launch::async, [&] { return call("POST", "/x", "{}"); });
  arrived.get_future().wait();
  upstream_->stop();
  const auto outcome = under_way.get();
  done.set_value();
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kAnswerLost);
  const auto later = call("GET", "/x");
  ASSERT_FALSE(later.answered());
  EXPECT_EQ(later.failure().loss, Loss::kNotSent);
}

}  // namespace
}  // namespace holdfast::upstream
