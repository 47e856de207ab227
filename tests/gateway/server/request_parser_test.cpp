// How requests are told apart on the wire, tried over real sockets.
#include "tests/gateway/server/listener_fixture.h"

namespace holdfast::server {
namespace {

using RequestParserTest = ListenerTest;

std::string get_with(std::string_view lines) {
  return "GET /a HTTP/1.1\r\nHost: localhost\r\n" + std::string(lines) + "\r\n";
}

TEST_F(RequestParserTest, ContentLengthWithTransferEncodingIsRefused) {
  const auto answer = ask(
      "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
      "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(value(answer, "Connection"), "close");
  EXPECT_EQ(ask("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                "Content-Length: 5\r\n\r\n0\r\n\r\n")
                .status,
            400);
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(RequestParserTest, RefusalHasSupabasesFourKeys) {
  const auto answer = ask("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_EQ(answer.body,
            R"({"code":"HF400","message":"Host is missing","details":null,"hint":null})");
  EXPECT_EQ(value(answer, "Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(value(answer, "Content-Length"), std::to_string(answer.body.size()));
}

TEST_F(RequestParserTest, SecondContentLengthIsRefused) {
  EXPECT_EQ(ask(get_with("Content-Length: 1\r\nContent-Length: 2\r\n")).status, 400);
  EXPECT_EQ(ask(get_with("Content-Length: 1\r\nContent-Length: 1\r\n") + "x").status, 400);
  EXPECT_EQ(ask(get_with("Content-Length: 1, 1\r\n") + "x").status, 400);
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(RequestParserTest, ContentLengthIsDigitsOnly) {
  for (const auto* text : {"+1", "-1", "0x1", "1 1", "", "99999999999999999999", "1.0"}) {
    EXPECT_EQ(ask(get_with("Content-Length: " + std::string(text) + "\r\n") + "x").status, 400)
        << text;
  }
}

TEST_F(RequestParserTest, UnknownTransferCodingIs501) {
  EXPECT_EQ(ask(get_with("Transfer-Encoding: gzip\r\n")).status, 501);
  EXPECT_EQ(ask(get_with("Transfer-Encoding: gzip, chunked\r\n")).status, 501);
  EXPECT_EQ(ask(get_with("Transfer-Encoding: xchunked\r\n")).status, 501);
  EXPECT_EQ(ask(get_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")).status,
            400);
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(RequestParserTest, TransferEncodingInHttp10IsRefused) {
  EXPECT_EQ(ask("POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status, 400);
}

TEST_F(RequestParserTest, FoldedHeaderLineIsRefused) {
  EXPECT_EQ(ask(get_with("X-A: one\r\n two\r\n")).status, 400);
  EXPECT_EQ(ask(get_with("X-A: one\r\n\ttwo\r\n")).status, 400);
  EXPECT_EQ(ask("GET /a HTTP/1.1\r\n Host: localhost\r\n\r\n").status, 400);
}

TEST_F(RequestParserTest, HostIsGivenExactlyOnceIn11) {
  EXPECT_EQ(ask("GET /a HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(ask("GET /a HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n").status, 400);
  EXPECT_EQ(ask("GET /a HTTP/1.0\r\n\r\n").status, 200);
}

TEST_F(RequestParserTest, ControlCharactersInHeaderValuesAreRefused) {
  using std::string_literals::operator""s;
  for (const auto& text : {"a\0b"s, "a\rb"s, "a\x01"s, "a\x7f"s, "a\nb"s}) {
    EXPECT_EQ(ask(get_with("X-A: " + text + "\r\n")).status, 400);
  }
  EXPECT_EQ(ask(get_with("X-A: a\tb \xc3\xa9\r\n")).status, 200);
}

TEST_F(RequestParserTest, MalformedHeaderNameIsRefused) {
  EXPECT_EQ(ask(get_with("X-A : 1\r\n")).status, 400);
  EXPECT_EQ(ask(get_with("X(A: 1\r\n")).status, 400);
  EXPECT_EQ(ask(get_with(": 1\r\n")).status, 400);
  EXPECT_EQ(ask(get_with("no colon\r\n")).status, 400);
}

TEST_F(RequestParserTest, ChunkedBodyIsDecoded) {
  const auto answer =
      ask("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: Chunked\r\n\r\n"
          "5\r\nhello\r\n6;name=\"v\"\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n");
  EXPECT_EQ(answer.body, "POST /a hello world");
  EXPECT_FALSE(handler_.requests().at(0).headers.contains("X-Trailer"));
}

TEST_F(RequestParserTest, TrailerCannotReplaceAHeaderLine) {
  EXPECT_EQ(ask("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                "0\r\nAuthorization: Bearer x\r\nHost: other\r\n\r\n")
                .status,
            200);
  EXPECT_EQ(handler_.requests().at(0).headers.size(), 2U);
}

TEST_F(RequestParserTest, ChunkedBodyIsDecodedByteByByte) {
  auto client = connect();
  for (const char c : std::string_view("\r\nDELETE /a HTTP/1.1\r\nHost: localhost\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n"
                                       "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) {
    ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  }
  EXPECT_EQ(client.receive().value().body, "DELETE /a abcde");
}

TEST_F(RequestParserTest, MalformedChunksAreRefused) {
  const std::string head =
      "POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const auto* body : {"x\r\n", "-1\r\n", "fffffffffffffffff\r\n", "1\r\nabc\r\n",
                           "5\rhello\r\n0\r\n\r\n", "\r\n\r\n"}) {
    const auto answer = ask(head + body);
    EXPECT_TRUE(answer.status == 400 || answer.status == 413) << body << answer.status;
    EXPECT_EQ(value(answer, "Connection"), "close");
  }
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(RequestParserTest, EndlessChunkExtensionIsRefused) {
  EXPECT_EQ(ask("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                std::string(300'000, 'a'))
                .status,
            400);
}

TEST_F(RequestParserTest, EndlessTrailerIsRefused) {
  EXPECT_EQ(ask("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" +
                repeat("X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 6000))
                .status,
            400);
}

TEST_F(RequestParserTest, ChunkedDeleteKeepsItsBody) {
  EXPECT_EQ(ask("DELETE /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                "2\r\n{}\r\n0\r\n\r\n")
                .body,
            "DELETE /a {}");
}

TEST_F(RequestParserTest, PostWithoutLengthHasAnEmptyBody) {
  EXPECT_EQ(ask("POST /a HTTP/1.1\r\nHost: localhost\r\n\r\n").body, "POST /a ");
}

TEST_F(RequestParserTest, BodyOfAGetIsNotRunAsARequest) {
  auto client = connect();
  const std::string inner = "GET /inner HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.send(get_with("Content-Length: " + std::to_string(inner.size()) + "\r\n") + inner);
  EXPECT_EQ(client.receive().value().body, "GET /a " + inner);
  EXPECT_EQ(client.ask(kGet).value().body, "GET / ");
  EXPECT_EQ(handler_.requests().size(), 2U);
}

TEST_F(RequestParserTest, AbsoluteTargetIsReducedToOriginForm) {
  const std::string rest = " HTTP/1.1\r\nHost: foreign.example\r\n\r\n";
  EXPECT_EQ(ask("GET http://localhost:1/a/b?c=d" + rest).body, "GET /a/b?c=d ");
  EXPECT_EQ(ask("GET HTTP://localhost" + rest).body, "GET / ");
  EXPECT_EQ(ask("GET http://localhost?q" + rest).body, "GET /?q ");
  EXPECT_EQ(handler_.requests().at(0).headers.find("Host"), "localhost:1");
}

TEST_F(RequestParserTest, HostOfAnAbsoluteTargetIsCheckedInsteadOfHost) {
  EXPECT_EQ(ask("GET http://foreign.example/a HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 421);
  EXPECT_EQ(ask("GET http://u@localhost/a HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 400);
  EXPECT_EQ(ask("GET http:///a HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 400);
}

TEST_F(RequestParserTest, TargetIsPassedOnRaw) {
  const std::string rest = " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (const auto* target :
       {"//rest/v1//t/", "/a?b=c?d=e", "/a%2fb%zz", "/a?x=(\"y\",{1|2},\xc3\xa9)", "/../a#f"}) {
    EXPECT_EQ(ask("GET " + std::string(target) + rest).body, "GET " + std::string(target) + " ");
  }
}

TEST_F(RequestParserTest, OtherTargetFormsAreRefused) {
  const std::string rest = " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  EXPECT_EQ(ask("CONNECT localhost:1" + rest).status, 400);
  EXPECT_EQ(ask("GET *" + rest).status, 400);
  EXPECT_EQ(ask("GET ftp://localhost/a" + rest).status, 400);
  EXPECT_EQ(ask("OPTIONS *" + rest).body, "OPTIONS * ");
}

TEST_F(RequestParserTest, HeaderLinesKeepOrderAndDuplicates) {
  ask(get_with("Prefer: a\r\nX: 1\r\nprefer:  b \r\n"));
  const auto headers = handler_.requests().at(0).headers;
  const std::vector<http::Headers::Field> lines(headers.begin(), headers.end());
  EXPECT_EQ(lines, (std::vector<http::Headers::Field>{
                       {"Host", "localhost"}, {"Prefer", "a"}, {"X", "1"}, {"prefer", "b"}}));
}

}  // namespace
}  // namespace holdfast::server
