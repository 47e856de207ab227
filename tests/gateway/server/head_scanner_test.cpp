#include "gateway/server/head_scanner.h"

#include "tests/gateway/server/listener_fixture.h"

namespace holdfast::server {
namespace {

using HeadScannerTest = ListenerTest;

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

TEST_F(HeadScannerTest, TargetOf64KiBIsAccepted) {
  const std::string target = "/" + std::string(64 * 1024 - 1, 'a');
  EXPECT_EQ(ask(get(target)).body, "GET " + target + " ");
}

TEST_F(HeadScannerTest, LongerTargetIs414) {
  EXPECT_EQ(ask(get("/" + std::string(64 * 1024, 'a'))).status, 414);
}

TEST_F(HeadScannerTest, EndlessTargetIs414BeforeItsEnd) {
  EXPECT_EQ(ask("GET /" + std::string(100'000, 'a')).status, 414);
}

TEST_F(HeadScannerTest, HeaderOver64KiBIs431) {
  const std::string head = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(ask(head + "X: " + std::string(60 * 1024, 'a') + "\r\n\r\n").status, 200);
  EXPECT_EQ(ask(head + "X: " + std::string(64 * 1024, 'a') + "\r\n\r\n").status, 431);
  EXPECT_EQ(ask(head + "X: " + std::string(80'000, 'a')).status, 431);
}

TEST_F(HeadScannerTest, LongestTargetAndLargeHeaderGoTogether) {
  EXPECT_EQ(ask("GET /" + std::string(64 * 1024 - 1, 'a') +
                " HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(60 * 1024, 'a') + "\r\n\r\n")
                .status,
            200);
}

TEST_F(HeadScannerTest, MoreThan200HeaderLinesAre431) {
  const std::string head = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(ask(head + repeat("X: 1\r\n", 199) + "\r\n").status, 200);
  EXPECT_EQ(ask(head + repeat("X: 1\r\n", 200) + "\r\n").status, 431);
}

TEST_F(HeadScannerTest, OtherVersionsAre505) {
  EXPECT_EQ(ask("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n").status, 505);
  EXPECT_EQ(ask("GET / HTTP/1.2\r\nHost: localhost\r\n\r\n").status, 505);
  EXPECT_EQ(ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").status, 505);
}

TEST_F(HeadScannerTest, MalformedRequestLineIs400) {
  for (const auto* line : {"GET /", "GET / HTTP/1", "GET / XTTP/1.1", "GET  / HTTP/1.1",
                           "GET /a b HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1",
                           "G(T / HTTP/1.1", "/ HTTP/1.1", "GET /\x01 HTTP/1.1"}) {
    EXPECT_EQ(ask(std::string(line) + "\r\nHost: localhost\r\n\r\n").status, 400) << line;
  }
}

TEST_F(HeadScannerTest, BareLineFeedsAre400) {
  EXPECT_EQ(ask("GET / HTTP/1.1\nHost: localhost\n\n").status, 400);
  EXPECT_EQ(ask("GET / HTTP/1.1\r\nHost: localhost\nX: 1\r\n\r\n").status, 400);
}

TEST_F(HeadScannerTest, TlsHelloIsRefusedAtOnce) {
  EXPECT_EQ(ask(std::string_view("\x16\x03\x01\x02\x00", 5)).status, 400);
}

TEST_F(HeadScannerTest, EmptyLineBeforeARequestIsPassedOver) {
  EXPECT_EQ(ask("\r\n" + std::string(kGet)).status, 200);
  EXPECT_EQ(ask(repeat("\r\n", 50)).status, 400);
}

TEST_F(HeadScannerTest, HeadIsFoundHoweverItIsCut) {
  const std::string head = "\r\nGET /a HTTP/1.1\r\nHost: h\r\nX: 1\r\n\r\n";
  const std::string received = head + "body";
  for (std::size_t cut = 0; cut <= received.size(); ++cut) {
    HeadScanner scanner{HeadLimits{}};
    const auto state = scanner.scan(std::string_view(received).substr(0, cut));
    EXPECT_EQ(state,
              cut < head.size() ? HeadScanner::State::kIncomplete : HeadScanner::State::kComplete);
    if (state == HeadScanner::State::kIncomplete) {
      EXPECT_EQ(scanner.scan(received), HeadScanner::State::kComplete);
    }
    EXPECT_EQ(scanner.begin(), 2U);
    EXPECT_EQ(scanner.end(), head.size());
  }
}

}  // namespace
}  // namespace holdfast::server
