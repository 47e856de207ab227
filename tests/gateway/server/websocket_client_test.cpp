// The client's end of a WebSocket, against our own listener.
#include "gateway/server/websocket_client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "certs/local_authority.h"
#include "certs/server_tls.h"
#include "gateway/http/web_socket.h"
#include "tests/gateway/server/listener_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace holdfast::server {
namespace {

// Sends back what comes.
class Echo final : public http::MessageHandler {
 public:
  explicit Echo(http::WebSocket& socket) : socket_(socket) {}
  void received(http::Message message) override { socket_.send(std::move(message)); }
  void closed() override {}

 private:
  http::WebSocket& socket_;
};

class WebSocketClientTest : public ListenerTest {
 protected:
  WebSocketClientTest() : authority_(in_folder("certs"), clock_) {
    authority_.init();
    tls_ = std::make_unique<certs::ServerTls>(authority_.certificate_file(),
                                              authority_.certificate_file(), clock_);
    EXPECT_TRUE(tls_->load());
    options_.tls_host = "127.0.0.1";
    socket_options_.ca_file = authority_.authority_file();
    handler_.answer_by(
        [this](const http::Request&, const http::Respond& respond) { accept(respond); });
  }

  certs::CertificateOptions in_folder(const char* name) const {
    certs::CertificateOptions options;
    options.folder = (folder_.path() / name).string();
    return options;
  }
  void accept(const http::Respond& respond) {
    auto socket = std::make_shared<http::WebSocket>(64 * 1024);
    socket->serve(std::make_shared<Echo>(*socket));
    http::Response response{101, {}, ""};
    response.web_socket = socket;
    respond(std::move(response));
  }
  void start_both() {
    listener_ = std::make_unique<Listener>(options_, handler_, silent_logger(), tls_.get());
    listener_->start();
  }
  // Says "hello" as soon as it can, and ends when it is said back.
  WebSocketClient::End greet(const std::string& scheme, const std::string& host) {
    if (!listener_) start_both();
    const bool secure = scheme == "wss" || scheme == "https";
    socket_options_.url = scheme + "://" + host + ":" +
                          std::to_string(secure ? listener_->tls_port() : listener_->port()) +
                          "/realtime/v1/websocket?vsn=1.0.0";
    heard_.clear();
    WebSocketClient client;
    return client.run(socket_options_, {[&] { client.send("hello"); },
                                        [&](std::string_view text) {
                                          heard_ += text;
                                          client.stop();
                                        },
                                        [] {}});
  }

  const support::TempDir folder_;
  support::ManualClock clock_{SystemClock().now()};
  certs::LocalAuthority authority_;
  std::unique_ptr<certs::ServerTls> tls_;
  WebSocketOptions socket_options_;
  std::string heard_;
};

TEST_F(WebSocketClientTest, SpeaksWithAndWithoutTls) {
  for (const char* scheme : {"ws", "http", "wss", "https"}) {
    EXPECT_TRUE(greet(scheme, "localhost").opened) << scheme;
    EXPECT_EQ(heard_, "hello") << scheme;
  }
  EXPECT_TRUE(greet("wss", "127.0.0.1").opened) << "an address is a name of the certificate too";
}

TEST_F(WebSocketClientTest, TheServerIsAskedByTheNameThatTheUrlHas) {
  greet("ws", "localhost");
  const auto request = handler_.requests().at(0);
  EXPECT_EQ(request.target, "/realtime/v1/websocket?vsn=1.0.0");
  EXPECT_EQ(request.headers.find("Host"), "localhost:" + std::to_string(listener_->port()));
}

TEST_F(WebSocketClientTest, AStrangersAuthorityIsNotTrusted) {
  certs::LocalAuthority stranger(in_folder("other"), clock_);
  stranger.init();
  socket_options_.ca_file = stranger.authority_file();
  const auto end = greet("wss", "localhost");
  EXPECT_FALSE(end.opened);
  EXPECT_FALSE(end.reason.empty());
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(WebSocketClientTest, ACertificateOfAnotherNameIsNotTrusted) {
  options_.tls_host = "127.0.0.2";
  EXPECT_FALSE(greet("wss", "127.0.0.2").opened);
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(WebSocketClientTest, PinsAreAskedForBesideTrust) {
  const std::string pin = authority_.authority()->pin();
  socket_options_.pins = {"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", pin};
  EXPECT_TRUE(greet("wss", "localhost").opened);
  EXPECT_EQ(heard_, "hello");
  socket_options_.pins = {"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
  EXPECT_FALSE(greet("wss", "localhost").opened) << "trusted, and none of the keys";
  certs::LocalAuthority stranger(in_folder("other"), clock_);
  stranger.init();
  socket_options_.pins = {pin};
  socket_options_.ca_file = stranger.authority_file();
  EXPECT_FALSE(greet("wss", "localhost").opened) << "one of the keys, and not trusted";
}

TEST_F(WebSocketClientTest, PinsDoNotTakeTheNamesPlace) {
  options_.tls_host = "127.0.0.2";
  socket_options_.pins = {authority_.authority()->pin()};
  EXPECT_FALSE(greet("wss", "127.0.0.2").opened);
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(WebSocketClientTest, ARefusalSaysItsStatus) {
  handler_.answer_with({403, {}, "no"});
  const auto end = greet("wss", "localhost");
  EXPECT_FALSE(end.opened);
  EXPECT_EQ(end.status, 403);
}

TEST_F(WebSocketClientTest, WhatIsSentBeforeItIsOpenGoesOutThen) {
  std::promise<http::Respond> asked;
  handler_.answer_by(
      [&](const http::Request&, http::Respond respond) { asked.set_value(std::move(respond)); });
  start_both();
  socket_options_.url = "ws://localhost:" + std::to_string(listener_->port()) + "/";
  WebSocketClient client;
  auto running = std::async(std::launch::async, [&] {
    client.run(socket_options_, {[] {},
                                 [&](std::string_view text) {
                                   heard_ += text;
                                   if (heard_ == "earlylate") client.stop();
                                   if (heard_ == "early") client.send("late");
                                 },
                                 [] {}});
  });
  const auto respond = asked.get_future().get();
  client.send("early");
  accept(respond);
  if (running.wait_for(std::chrono::seconds(10)) != std::future_status::ready) client.stop();
  running.get();
  EXPECT_EQ(heard_, "earlylate");
}

TEST_F(WebSocketClientTest, WhoNeverAnswersIsGivenUp) {
  // The system takes connections for it; nobody reads them.
  const int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(place);
  auto* address = reinterpret_cast<sockaddr*>(&place);
  ASSERT_EQ(bind(silent, address, size), 0);
  ASSERT_EQ(listen(silent, 8), 0);
  ASSERT_EQ(getsockname(silent, address, &size), 0);
  socket_options_.connect_timeout = std::chrono::milliseconds(50);
  for (const char* scheme : {"ws://", "wss://"}) {
    socket_options_.url = scheme + ("127.0.0.1:" + std::to_string(ntohs(place.sin_port))) + "/";
    WebSocketClient client;
    const auto end = client.run(socket_options_, {});
    EXPECT_FALSE(end.opened) << scheme;
    EXPECT_NE(end.reason, "") << scheme;
  }
  close(silent);
}

TEST_F(WebSocketClientTest, NoAddressIsNoFault) {
  EXPECT_FALSE(greet("ftp", "localhost").opened);
  socket_options_.url = "wss://localhost:1/";
  WebSocketClient client;
  const auto end = client.run(socket_options_, {});
  EXPECT_FALSE(end.opened);
  EXPECT_EQ(end.status, 0);
}

}  // namespace
}  // namespace holdfast::server
