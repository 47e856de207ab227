#include "gateway/upstream/supabase_upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <future>

#include "tests/gateway/upstream/supabase_upstream_fixture.h"

namespace holdfast::upstream {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(SupabaseUpstreamTest, TargetArrivesByteForByte) {
  serve(echo);
  const std::string target =
      "/rest/v1/t%C3%B6do?select=a,b&x=eq.a%2Cb+c*d&y=in.(\"q,%22\",'s')&z=like.*%25*&?=#%2e";
  ASSERT_TRUE(call("GET", target).answered());
  EXPECT_THAT(head_of(0), StartsWith("GET " + target + " HTTP/1.1\r\n"));
}

TEST_F(SupabaseUpstreamTest, LongTargetArrivesWhole) {
  serve(echo);
  const std::string target = "/rest/v1/todos?id=in.(" + std::string(60'000, '7') + ")";
  ASSERT_TRUE(call("GET", target).answered());
  EXPECT_THAT(head_of(0), StartsWith("GET " + target + " HTTP/1.1\r\n"));
}

TEST_F(SupabaseUpstreamTest, PathPrefixOfTheUrlComesBeforeTheTarget) {
  serve(echo);
  connect(server_->url() + "/project/one/");
  ASSERT_TRUE(call("GET", "/rest/v1/todos").answered());
  EXPECT_THAT(head_of(0), StartsWith("GET /project/one/rest/v1/todos HTTP/1.1\r\n"));
}

TEST_F(SupabaseUpstreamTest, EveryMethodIsSentWithItsBody) {
  serve(echo);
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"}) {
    ASSERT_TRUE(call(method, "/x", "{\"a\":1}").answered()) << method;
    EXPECT_THAT(server_->exchanges().back().head, StartsWith(method + " /x ")) << method;
    EXPECT_EQ(server_->exchanges().back().body, "{\"a\":1}") << method;
  }
}

TEST_F(SupabaseUpstreamTest, BodyWithoutContentTypeGetsNone) {
  serve(echo);
  ASSERT_TRUE(call("POST", "/x", "{}").answered());
  EXPECT_THAT(head_of(0), Not(HasSubstr("Content-Type")));
  EXPECT_THAT(head_of(0), HasSubstr("Content-Length: 2"));
}

TEST_F(SupabaseUpstreamTest, FieldsPassButThoseOfTheHop) {
  serve(echo);
  Call request;
  request.method = "POST";
  request.target = "/x";
  request.body = "a,b";
  request.headers = {{"apikey", "fake"},
                     {"Content-Type", "text/csv"},
                     {"Prefer", "a"},
                     {"Prefer", "b"},
                     {"Host", "localhost:54321"},
                     {"Content-Length", "9"},
                     {"Connection", "x-trace"},
                     {"X-Trace", "hop"},
                     {"Keep-Alive", "1"},
                     {"Transfer-Encoding", "chunked"}};
  ASSERT_TRUE(upstream_->call(request).answered());
  const auto head = head_of(0);
  EXPECT_THAT(head, HasSubstr("apikey: fake\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Type: text/csv"));
  EXPECT_THAT(head, HasSubstr("Prefer: a\r\n"));
  EXPECT_THAT(head, HasSubstr("Prefer: b"));
  EXPECT_THAT(head, HasSubstr("Content-Length: 3"));
  EXPECT_THAT(head, HasSubstr("Host: 127.0.0.1:" + std::to_string(server_->port())));
  EXPECT_THAT(head, HasSubstr("Accept-Encoding: identity"));
  EXPECT_THAT(head, Not(HasSubstr("54321")));
  EXPECT_THAT(head, Not(HasSubstr("hop")));
  EXPECT_THAT(head, Not(HasSubstr("Keep-Alive")));
  EXPECT_THAT(head, Not(HasSubstr("chunked")));
}

TEST_F(SupabaseUpstreamTest, AnswerKeepsStatusFieldsBodyAndDate) {
  serve([](const Exchange& exchange) {
    exchange.answer(206, "[1]",
                    "Content-Range: 0-0/7\r\nDate: Sat, 21 Nov 2026 01:31:12 GMT\r\n"
                    "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nKeep-Alive: timeout=5\r\n");
    return Then::kKeepOpen;
  });
  const auto outcome = call("GET", "/x");
  ASSERT_TRUE(outcome.answered());
  const auto& answer = outcome.answer();
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.body, "[1]");
  EXPECT_EQ(answer.headers.find("content-range"), "0-0/7");
  EXPECT_EQ(answer.headers.list("Set-Cookie").size(), 2U);
  EXPECT_FALSE(answer.headers.contains("Keep-Alive"));
  EXPECT_EQ(answer.date, parse_http_date("Sat, 21 Nov 2026 01:31:12 GMT"));
  EXPECT_EQ(answer.received_at, clock_.now());
}

TEST_F(SupabaseUpstreamTest, EncodedFieldValueCannotBreakTheFieldOrTheUri) {
  serve([](const Exchange& exchange) {
    exchange.answer(201, "", "Location: /t?id=eq.a%20b\r\nX-Note: a%0d%0aSet-Cookie: evil=1\r\n");
    return Then::kKeepOpen;
  });
  const auto outcome = call("POST", "/x");
  ASSERT_TRUE(outcome.answered());
  EXPECT_EQ(outcome.answer().headers.find("Location"), "/t?id=eq.a%20b");
  EXPECT_EQ(outcome.answer().headers.find("X-Note"), "a%0D%0ASet-Cookie: evil=1");
}

TEST_F(SupabaseUpstreamTest, RedirectAndErrorStatusesAreAnswers) {
  serve([](const Exchange& exchange) {
    exchange.answer(exchange.head.starts_with("GET /moved") ? 302 : 503, "",
                    "Location: /elsewhere\r\n");
    return Then::kKeepOpen;
  });
  const auto moved = call("GET", "/moved");
  ASSERT_TRUE(moved.answered());
  EXPECT_EQ(moved.answer().status, 302);
  EXPECT_EQ(call("GET", "/broken").answer().status, 503);
  EXPECT_EQ(server_->exchanges().size(), 2U);
}

TEST_F(SupabaseUpstreamTest, HeadNoContentAndNotModifiedDoNotWaitForABody) {
  serve([](const Exchange& exchange) {
    if (exchange.head.starts_with("HEAD")) {
      exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 512\r\nContent-Range: 0-9/10\r\n\r\n");
    } else if (exchange.head.starts_with("DELETE")) {
      exchange.send("HTTP/1.1 204 No Content\r\n\r\n");
    } else {
      exchange.send("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n");
    }
    return Then::kKeepOpen;
  });
  const auto head = call("HEAD", "/x");
  ASSERT_TRUE(head.answered());
  EXPECT_EQ(head.answer().headers.find("Content-Range"), "0-9/10");
  EXPECT_EQ(head.answer().body, "");
  EXPECT_EQ(call("DELETE", "/x").answer().status, 204);
  const auto unchanged = call("GET", "/x");
  ASSERT_TRUE(unchanged.answered());
  EXPECT_EQ(unchanged.answer().status, 304);
  EXPECT_EQ(unchanged.answer().headers.find("ETag"), "\"1\"");
}

TEST_F(SupabaseUpstreamTest, BigBodiesGoBothWays) {
  serve([](const Exchange& exchange) {
    exchange.answer(200, exchange.body);
    return Then::kKeepOpen;
  });
  std::string body(8'000'000, 'x');
  body += "end";
  const auto outcome = call("POST", "/x", body);
  ASSERT_TRUE(outcome.answered());
  EXPECT_TRUE(outcome.answer().body == body);
}

TEST_F(SupabaseUpstreamTest, ChunkedAndUncompressedStayAsTheyCome) {
  serve([](const Exchange& exchange) {
    exchange.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
        "3\r\nnot\r\n5\r\n gzip\r\n0\r\n\r\n");
    return Then::kKeepOpen;
  });
  const auto outcome = call("GET", "/x");
  ASSERT_TRUE(outcome.answered());
  EXPECT_EQ(outcome.answer().body, "not gzip");
  EXPECT_EQ(outcome.answer().headers.find("Content-Encoding"), "gzip");
  EXPECT_FALSE(outcome.answer().headers.contains("Transfer-Encoding"));
}

TEST_F(SupabaseUpstreamTest, RowsComeCompressedAndAreUnpacked) {
  serve([](const Exchange& exchange) {
    // gzip of [{"id":1,"title":"aaa…"}] with forty a.
    constexpr std::array<unsigned char, 44> kPacked = {
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x8b, 0xae, 0x56, 0xca, 0x4c,
        0x51, 0xb2, 0x32, 0xd4, 0x51, 0x2a, 0xc9, 0x2c, 0xc9, 0x49, 0x55, 0xb2, 0x52, 0x4a, 0x24,
        0x12, 0x28, 0xd5, 0xc6, 0x02, 0x00, 0x9e, 0xe9, 0xd8, 0x93, 0x3d, 0x00, 0x00, 0x00};
    std::string packed(kPacked.begin(), kPacked.end());
    if (exchange.head.find("/rest/v1/todos?own") != std::string::npos) packed = "as it is";
    exchange.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                  std::to_string(packed.size()) + "\r\n\r\n" + packed);
    return Then::kKeepOpen;
  });
  const auto outcome = call("GET", "/rest/v1/todos");
  ASSERT_TRUE(outcome.answered());
  EXPECT_THAT(head_of(0), HasSubstr("Accept-Encoding: gzip"));
  EXPECT_EQ(outcome.answer().body, "[{\"id\":1,\"title\":\"" + std::string(40, 'a') + "\"}]");
  EXPECT_FALSE(outcome.answer().headers.contains("Content-Encoding"));

  Call asked_by_an_app;
  asked_by_an_app.target = "/rest/v1/todos?own";
  asked_by_an_app.headers.set("Accept-Encoding", "gzip, br");
  const auto passed = upstream_->call(asked_by_an_app);
  ASSERT_TRUE(passed.answered());
  EXPECT_EQ(passed.answer().body, "as it is");
  EXPECT_EQ(passed.answer().headers.find("Content-Encoding"), "gzip");
}

TEST_F(SupabaseUpstreamTest, ConnectionIsUsedAgain) {
  serve(echo);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(call("POST", "/x", "{}").answered());
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(SupabaseUpstreamTest, FreshCallTakesANewConnection) {
  serve(echo);
  ASSERT_TRUE(call("POST", "/x").answered());
  Call fresh;
  fresh.method = "POST";
  fresh.target = "/x";
  fresh.fresh_connection = true;
  ASSERT_TRUE(upstream_->call(fresh).answered());
  EXPECT_EQ(server_->connections(), 2);
}

TEST_F(SupabaseUpstreamTest, WriteDoesNotMeetAConnectionThatTheServerClosed) {
  serve(echo);
  ASSERT_TRUE(call("POST", "/x").answered());
  server_->close_connections();
  ASSERT_TRUE(call("POST", "/x").answered());
  EXPECT_EQ(server_->connections(), 2);
}

TEST_F(SupabaseUpstreamTest, ConnectionIdleForTooLongIsNotUsed) {
  serve(echo);
  ASSERT_TRUE(call("POST", "/x").answered());
  clock_.advance(3s);
  ASSERT_TRUE(call("POST", "/x").answered());
  EXPECT_EQ(server_->connections(), 1);
  clock_.advance(3001ms);
  ASSERT_TRUE(call("POST", "/x").answered());
  EXPECT_EQ(server_->connections(), 2);
}

TEST_F(SupabaseUpstreamTest, AnswerLostAfterAWriteIsReportedAndNotRepeated) {
  serve([](const Exchange& exchange) {
    if (exchange.head.starts_with("POST")) return Then::kClose;
    exchange.answer(200, "ok");
    return Then::kKeepOpen;
  });
  ASSERT_TRUE(call("GET", "/x").answered());
  const auto outcome = call("POST", "/x", "{}");
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kAnswerLost);
  EXPECT_EQ(server_->exchanges().size(), 2U);
}

TEST_F(SupabaseUpstreamTest, ReadOnAReusedConnectionThatDiedIsRepeatedOnce) {
  serve([](const Exchange& exchange) {
    if (exchange.head.starts_with("GET /second") && exchange.connection == 1) return Then::kClose;
    exchange.answer(200, "ok");
    return Then::kKeepOpen;
  });
  ASSERT_TRUE(call("GET", "/first").answered());
  EXPECT_TRUE(call("GET", "/second").answered());
  EXPECT_EQ(server_->exchanges().size(), 3U);
}

TEST_F(SupabaseUpstreamTest, ReadOnANewConnectionIsNotRepeated) {
  serve([](const Exchange&) { return Then::kClose; });
  const auto outcome = call("GET", "/x");
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kAnswerLost);
  EXPECT_EQ(server_->exchanges().size(), 1U);
}

TEST_F(SupabaseUpstreamTest, TruncatedAnswerIsNoAnswer) {
  serve([](const Exchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    return Then::kClose;
  });
  const auto outcome = call("POST", "/x", "{}");
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kAnswerLost);
}

TEST_F(SupabaseUpstreamTest, RefusedConnectionWasSurelyNotSent) {
  const auto url = RawServer(echo).url();
  connect(url);
  const auto outcome = call("POST", "/x", "{}");
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kNotSent);
}

TEST_F(SupabaseUpstreamTest, ServerWithoutTlsWasSurelyNotSentTheRequest) {
  serve(echo);
  UpstreamOptions options;
  options.url = "https://127.0.0.1:" + std::to_string(server_->port());
  options.connect_timeout = 100ms;
  upstream_ = std::make_unique<SupabaseUpstream>(options, clock_);
  const auto outcome = call("POST", "/x", "{}");
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kNotSent);
  EXPECT_TRUE(server_->exchanges().empty());
}

TEST_F(SupabaseUpstreamTest, CallsRunAtTheSameTime) {
  std::atomic<int> together = 0;
  serve([&](const Exchange& exchange) {
    ++together;
    while (together < 4) std::this_thread::yield();
    exchange.answer(200, "ok");
    return Then::kKeepOpen;
  });
  std::vector<std::future<bool>> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(std::async(std::launch::async, [&] { return call("GET", "/x").answered(); }));
  }
  for (auto& each : calls) EXPECT_TRUE(each.get());
}

TEST_F(SupabaseUpstreamTest, WithoutAUrlNothingIsSent) {
  connect("");
  const auto outcome = call("GET", "/x");
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kNotSent);
}

TEST_F(SupabaseUpstreamTest, IllFormedUrlIsAFault) {
  EXPECT_THROW(connect("ftp://example.test"), std::invalid_argument);
  EXPECT_THROW(connect("localhost:54321"), std::invalid_argument);
}

// What follows the end of a request line would be another request, whoever's answer it gets.
TEST_F(SupabaseUpstreamTest, ATargetWithALineBreakIsNotSent) {
  serve(echo);
  const auto outcome = call("GET", "/x HTTP/1.1\r\nHost: a\r\n\r\nGET /y");
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, Loss::kNotSent);
  EXPECT_EQ(server_->connections(), 0);
}

}  // namespace
}  // namespace holdfast::upstream
