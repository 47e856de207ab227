#include "gateway/server/host_check.h"

#include "tests/gateway/server/listener_fixture.h"

namespace holdfast::server {
namespace {

using HostCheckTest = ListenerTest;

TEST_F(HostCheckTest, LoopbackNamesAreAccepted) {
  const HostCheck check({});
  for (const auto* host : {"localhost", "LOCALHOST:54321", "abc.localhost", "a.b.Localhost:1",
                           "127.0.0.1", "127.0.0.1:80", "127.8.9.10", "[::1]", "[::1]:54321",
                           "[0:0:0:0:0:0:0:1]", "localhost.", "abc.localhost.:8"}) {
    EXPECT_TRUE(check.accepts(host)) << host;
  }
}

TEST_F(HostCheckTest, ForeignNamesAreNot) {
  const HostCheck check({});
  for (const auto* host :
       {"", "example.com", "localhost.example.com", "127.0.0.1.example.com", "notlocalhost",
        ".localhost", "10.0.0.1", "[::2]", "::1", "127.1", "localhost:80:80", "localhost:x", "[::1",
        "[::1]x", "localhost:999999", "2130706433", "0.0.0.0"}) {
    EXPECT_FALSE(check.accepts(host)) << host;
  }
}

TEST_F(HostCheckTest, ConfiguredNamesAreAccepted) {
  const HostCheck check({"Gateway.example", "[fd00::1]"});
  EXPECT_TRUE(check.accepts("gateway.EXAMPLE:443"));
  EXPECT_TRUE(check.accepts("gateway.example."));
  EXPECT_TRUE(check.accepts("[fd00::1]:443"));
  EXPECT_FALSE(check.accepts("sub.gateway.example"));
}

TEST_F(HostCheckTest, ForeignHostIs421InJson) {
  const auto answer = ask("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(answer.status, 421);
  EXPECT_TRUE(answer.body.starts_with(R"({"code":"HF421","message":")")) << answer.body;
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(HostCheckTest, ForeignHostIs421BeforeCors) {
  const auto answer =
      ask("OPTIONS / HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n"
          "Access-Control-Request-Method: POST\r\n\r\n");
  EXPECT_EQ(answer.status, 421);
}

TEST_F(HostCheckTest, ListenHostAndConfiguredHostsAreAccepted) {
  options_.hosts = {"gw.example"};
  EXPECT_EQ(ask("GET / HTTP/1.1\r\nHost: gw.example:99\r\n\r\n").status, 200);
  EXPECT_EQ(ask("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status, 200);
}

TEST_F(HostCheckTest, BodyOfA421IsNotRunAsARequest) {
  auto client = connect();
  const auto answer = client.ask(
      "POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 44\r\n\r\n" + std::string(kGet));
  EXPECT_EQ(answer.value().status, 421);
  client.end_sending();
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(handler_.requests().empty());
}

}  // namespace
}  // namespace holdfast::server
