#include "gateway/server/response_head.h"

#include "gateway/base/clock.h"
#include "tests/gateway/server/listener_fixture.h"

namespace holdfast::server {
namespace {

using ResponseHeadTest = ListenerTest;

constexpr std::string_view kHead = "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST_F(ResponseHeadTest, DateServerAndLengthAreAdded) {
  handler_.answer_with({201, {{"X-B", "2"}, {"X-A", "1"}}, "four"});
  const auto answer = ask(kGet);
  EXPECT_TRUE(answer.head.starts_with("HTTP/1.1 201 Created\r\nX-B: 2\r\nX-A: 1\r\n"))
      << answer.head;
  EXPECT_EQ(value(answer, "Server"), "holdfast");
  EXPECT_EQ(value(answer, "Content-Length"), "4");
  const auto date = parse_http_date(value(answer, "Date"));
  ASSERT_TRUE(date.has_value()) << value(answer, "Date");
  EXPECT_LT(std::chrono::abs(SystemClock().now() - *date), std::chrono::seconds(5));
}

TEST_F(ResponseHeadTest, DateAndServerOfAForwardedAnswerAreKept) {
  handler_.answer_with(
      {200, {{"date", "Sat, 21 Nov 2026 01:31:12 GMT"}, {"server", "postgrest/12"}}, ""});
  const auto answer = ask(kGet);
  EXPECT_EQ(value(answer, "Date"), "Sat, 21 Nov 2026 01:31:12 GMT");
  EXPECT_EQ(value(answer, "Server"), "postgrest/12");
}

TEST_F(ResponseHeadTest, FramingLinesOfTheHandlerAreLeftOut) {
  handler_.answer_with({200,
                        {{"content-length", "99"},
                         {"Transfer-Encoding", "chunked"},
                         {"Connection", "close"},
                         {"Keep-Alive", "timeout=1"}},
                        "four"});
  auto client = connect();
  const auto answer = client.ask(kGet).value();
  EXPECT_EQ(value(answer, "Content-Length"), "4");
  EXPECT_EQ(value(answer, "Transfer-Encoding"), "(none)");
  EXPECT_EQ(value(answer, "Connection"), "(none)");
  EXPECT_EQ(client.ask(kGet).value().body, "four");
}

TEST_F(ResponseHeadTest, LineBreaksNeverReachTheWire) {
  using std::string_literals::operator""s;
  handler_.answer_with({200,
                        {{"X-A", "1\r\nX-Evil: 1"},
                         {"X-B", "1\nX-Evil: 1"},
                         {"X-C\r\nX-Evil", "1"},
                         {"X-D", "\0"s},
                         {"X E", "1"},
                         {"X-F", "ok"}},
                        ""});
  const auto answer = ask(kGet);
  EXPECT_EQ(answer.head.find("Evil"), std::string::npos);
  for (const auto* name : {"X-A", "X-B", "X-C", "X-D", "X E"}) {
    EXPECT_FALSE(answer.headers.contains(name)) << name;
  }
  EXPECT_EQ(value(answer, "X-F"), "ok");
}

TEST_F(ResponseHeadTest, HeadGetsTheLengthButNoBody) {
  handler_.answer_with({200, {}, "four"});
  auto client = connect();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(value(client.ask(kHead, true).value(), "Content-Length"), "4");
  }
  EXPECT_FALSE(client.has_bytes(std::chrono::milliseconds(20)));
  EXPECT_EQ(handler_.requests().at(0).method, "HEAD");
}

TEST_F(ResponseHeadTest, HeadWithoutABodyClaimsNoLengthOfItsOwn) {
  handler_.answer_with({200, {}, ""});
  EXPECT_EQ(value(connect().ask(kHead, true).value(), "Content-Length"), "(none)");
  handler_.answer_with({200, {{"Content-Length", "17"}}, ""});
  EXPECT_EQ(value(connect().ask(kHead, true).value(), "Content-Length"), "17");
}

TEST_F(ResponseHeadTest, RefusalOfAHeadHasNoBody) {
  auto client = connect();
  client.send("HEAD / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(client.receive(true).value().status, 421);
  EXPECT_EQ(client.ask(kGet).value().status, 200);
}

TEST_F(ResponseHeadTest, NoContentAndNotModifiedHaveNeitherBodyNorLength) {
  auto client = connect();
  for (const int status : {204, 304}) {
    handler_.answer_with({status, {{"Content-Length", "3"}}, "abc"});
    const auto answer = client.ask(kGet).value();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(value(answer, "Content-Length"), "(none)");
    EXPECT_FALSE(client.has_bytes(std::chrono::milliseconds(20)));
  }
}

TEST_F(ResponseHeadTest, EmptyAnswerHasLengthZero) {
  handler_.answer_with({201, {}, ""});
  EXPECT_EQ(value(ask(kGet), "Content-Length"), "0");
}

}  // namespace
}  // namespace holdfast::server
