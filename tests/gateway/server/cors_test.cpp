#include "gateway/server/cors.h"

#include <algorithm>

#include "tests/gateway/server/listener_fixture.h"

namespace holdfast::server {
namespace {

using CorsTest = ListenerTest;

std::string from(const std::string& origin, const std::string& method = "GET",
                 const std::string& lines = "") {
  return method + " /a HTTP/1.1\r\nHost: localhost:54321\r\nOrigin: " + origin + "\r\n" + lines +
         "\r\n";
}

std::string preflight(const std::string& origin, const std::string& lines = "") {
  return from(origin, "OPTIONS", "Access-Control-Request-Method: PATCH\r\n" + lines);
}

bool is_allowed(const Cors& cors, const std::string& origin) {
  http::Request request;
  request.headers = {{"Host", "gw.example:8080"}, {"Origin", origin}};
  return cors.judge(request) == Cors::Verdict::kAllowed;
}

TEST_F(CorsTest, LoopbackNullAndAppOriginsAreAllowed) {
  const Cors cors({});
  for (const auto* origin :
       {"http://localhost", "http://localhost:3000", "https://ref.localhost:5173",
        "http://127.0.0.1:8080", "http://127.3.4.5", "http://[::1]:3000", "null",
        "capacitor://localhost", "tauri://localhost", "ionic://localhost", "file://",
        "chrome-extension://abcdef", "HTTP://LOCALHOST:1"}) {
    EXPECT_TRUE(is_allowed(cors, origin)) << origin;
  }
}

TEST_F(CorsTest, WebOriginsAreNot) {
  const Cors cors({});
  for (const auto* origin :
       {"https://evil.example", "http://localhost.evil.example", "http://evil.example:54321",
        "http://10.0.0.1", "https://", "", "evil", "http://a@localhost:x", "://x", "1x://y"}) {
    EXPECT_FALSE(is_allowed(cors, origin)) << origin;
  }
}

TEST_F(CorsTest, ConfiguredAndOwnOriginsAreAllowed) {
  EXPECT_TRUE(is_allowed(Cors({"https://app.example"}), "https://app.example"));
  EXPECT_FALSE(is_allowed(Cors({"https://app.example"}), "http://app.example"));
  EXPECT_TRUE(is_allowed(Cors({"*"}), "https://any.example"));
  EXPECT_TRUE(is_allowed(Cors({}), "http://gw.example:8080"));
  EXPECT_FALSE(is_allowed(Cors({}), "http://gw.example:8081"));
}

TEST_F(CorsTest, OneRefusedOriginLineRefuses) {
  EXPECT_EQ(ask(from("http://localhost", "POST", "Origin: https://evil.example\r\n")).status, 403);
}

TEST_F(CorsTest, PreflightIsAnsweredWithoutTheHandler) {
  const auto answer =
      ask(preflight("http://localhost:3000",
                    "Access-Control-Request-Headers: apikey,authorization,x-retry-count\r\n"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(value(answer, "Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_EQ(value(answer, "Access-Control-Allow-Methods"),
            "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS");
  EXPECT_EQ(value(answer, "Access-Control-Allow-Headers"), "apikey,authorization,x-retry-count");
  EXPECT_EQ(value(answer, "Access-Control-Max-Age"), "3600");
  EXPECT_EQ(value(answer, "Vary"), "Origin");
  EXPECT_EQ(value(answer, "Access-Control-Allow-Private-Network"), "(none)");
  EXPECT_EQ(value(answer, "Content-Length"), "0");
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(CorsTest, PreflightAllowsThePrivateNetworkWhenAsked) {
  const auto answer =
      ask(preflight("http://localhost:3000", "Access-Control-Request-Private-Network: true\r\n"));
  EXPECT_EQ(value(answer, "Access-Control-Allow-Private-Network"), "true");
}

TEST_F(CorsTest, PreflightOfARefusedOriginIs403WithoutCorsLines) {
  const auto answer = ask(preflight("https://evil.example"));
  EXPECT_EQ(answer.status, 403);
  EXPECT_TRUE(answer.body.starts_with(R"({"code":"HF403",)")) << answer.body;
  EXPECT_EQ(answer.head.find("Access-Control-"), std::string::npos);
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(CorsTest, RefusedOriginsMayNotWrite) {
  for (const auto* method : {"POST", "PATCH", "PUT", "DELETE", "OPTIONS"}) {
    EXPECT_EQ(ask(from("https://evil.example", method)).status, 403) << method;
  }
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(CorsTest, RefusedOriginGetsItsReadWithoutCorsLines) {
  const auto answer = ask(from("https://evil.example"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.head.find("Access-Control-"), std::string::npos);
  EXPECT_EQ(value(answer, "Vary"), "Origin");
}

TEST_F(CorsTest, AnswerToAnAllowedOriginCanBeRead) {
  const auto answer = ask(from("http://localhost:3000", "POST"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(value(answer, "Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_EQ(value(answer, "Vary"), "Origin");
  const auto exposed = answer.headers.list("Access-Control-Expose-Headers");
  for (const auto* name :
       {"Content-Range", "Content-Location", "Content-Profile", "Location", "Preference-Applied",
        "Range-Unit", "Retry-After", "Cache-Status", "Age", "X-Supabase-Api-Version",
        "x-total-count", "Link", "x-relay-error", "Holdfast-Outbox-Id", "Holdfast-Provisional",
        "Upload-Offset", "Upload-Length", "Tus-Resumable"}) {
    EXPECT_EQ(std::ranges::count(exposed, name), 1) << name;
  }
}

TEST_F(CorsTest, ErrorOfTheListenerCanBeReadToo) {
  options_.body_limit = 10;
  const auto answer = ask(from("http://localhost:3000", "POST", "Content-Length: 11\r\n"));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(value(answer, "Access-Control-Allow-Origin"), "http://localhost:3000");
}

TEST_F(CorsTest, CorsLinesOfTheHandlerAreReplaced) {
  handler_.answer_with({200, {{"access-control-allow-origin", "*"}, {"X-A", "1"}}, "x"});
  const auto answer = ask(from("https://evil.example"));
  EXPECT_EQ(value(answer, "Access-Control-Allow-Origin"), "(none)");
  EXPECT_EQ(value(answer, "X-A"), "1");
}

TEST_F(CorsTest, RequestWithoutOriginGetsNoCorsLines) {
  const auto answer = ask(kGet);
  EXPECT_EQ(answer.head.find("Access-Control-"), std::string::npos);
  EXPECT_EQ(value(answer, "Vary"), "(none)");
}

TEST_F(CorsTest, OriginOfOneRequestDoesNotStickToTheNext) {
  auto client = connect();
  client.ask(from("http://localhost:3000"));
  EXPECT_EQ(value(client.ask(kGet).value(), "Access-Control-Allow-Origin"), "(none)");
}

TEST_F(CorsTest, OptionsWithoutPreflightGoesToTheHandler) {
  EXPECT_EQ(ask("OPTIONS /a HTTP/1.1\r\nHost: localhost\r\n\r\n").body, "OPTIONS /a ");
  EXPECT_EQ(ask(from("http://localhost", "OPTIONS")).body, "OPTIONS /a ");
}

}  // namespace
}  // namespace holdfast::server
