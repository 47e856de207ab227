// The life of a connection, tried over real sockets.
#include "tests/gateway/server/listener_fixture.h"

namespace holdfast::server {
namespace {

using ConnectionTest = ListenerTest;

std::string post(const std::string& lines, const std::string& body = "") {
  return "POST /a HTTP/1.1\r\nHost: localhost\r\n" + lines + "\r\n" + body;
}

TEST_F(ConnectionTest, StaysOpenForFurtherRequests) {
  auto client = connect();
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask(kGet).value();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(value(answer, "Connection"), "(none)");
  }
}

TEST_F(ConnectionTest, ClosesWhenAsked) {
  auto client = connect();
  const auto answer =
      client.ask("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").value();
  EXPECT_EQ(value(answer, "Connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST_F(ConnectionTest, Http10ClosesUnlessKeptAlive) {
  auto client = connect();
  auto answer = client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").value();
  EXPECT_EQ(value(answer, "Connection"), "keep-alive");
  answer = client.ask("GET / HTTP/1.0\r\n\r\n").value();
  EXPECT_EQ(value(answer, "Connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST_F(ConnectionTest, PipelinedRequestsAreAnsweredInOrder) {
  auto client = connect();
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += "POST /" + std::to_string(i) +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab";
  }
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.receive().value().body, "POST /" + std::to_string(i) + " ab");
  }
}

TEST_F(ConnectionTest, PipelinedRequestsKeepTheirOrderWhenAnsweredLater) {
  std::vector<http::Respond> kept;
  Mutex mutex;
  Condition came;
  handler_.answer_by([&](const http::Request& request, http::Respond respond) {
    if (request.target == "/fast") return respond({200, {}, "fast"});
    MutexLock lock(mutex);
    kept.push_back(std::move(respond));
    came.notify_all();
  });
  auto client = connect();
  client.send(
      "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n");
  {
    MutexLock lock(mutex);
    while (kept.empty()) came.wait(mutex);
  }
  EXPECT_EQ(handler_.requests().size(), 1U);
  kept[0]({200, {}, "slow"});
  EXPECT_EQ(client.receive().value().body, "slow");
  EXPECT_EQ(client.receive().value().body, "fast");
}

TEST_F(ConnectionTest, ContinueIsSentBeforeTheBody) {
  auto client = connect();
  EXPECT_EQ(client.ask(post("Content-Length: 2\r\nExpect: 100-continue\r\n")).value().status, 100);
  EXPECT_EQ(client.ask("ok").value().body, "POST /a ok");
  EXPECT_EQ(client.ask(post("Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n"))->status,
            100);
  EXPECT_EQ(client.ask("2\r\nok\r\n0\r\n\r\n").value().body, "POST /a ok");
}

TEST_F(ConnectionTest, ContinueIsLeftOutWhenTheBodyIsThere) {
  EXPECT_EQ(ask(post("Content-Length: 2\r\nExpect: 100-continue\r\n", "ok")).body, "POST /a ok");
}

TEST_F(ConnectionTest, ContinueIsLeftOutWhenTheAnswerIsNo) {
  options_.body_limit = 10;
  EXPECT_EQ(ask(post("Content-Length: 11\r\nExpect: 100-continue\r\n")).status, 413);
  EXPECT_EQ(
      ask(post("Content-Length: 5\r\nExpect: 100-continue\r\nOrigin: http://evil.example\r\n"))
          .status,
      403);
  EXPECT_EQ(ask(post("Content-Length: 5\r\nExpect: miracle\r\n")).status, 417);
}

TEST_F(ConnectionTest, BodyLimitIs413) {
  options_.body_limit = 10;
  EXPECT_EQ(ask(post("Content-Length: 10\r\n", "0123456789")).status, 200);
  EXPECT_EQ(ask(post("Content-Length: 11\r\n", "01234567890")).status, 413);
}

TEST_F(ConnectionTest, BodyLimitCountsDecodedBytesOfChunks) {
  options_.body_limit = 10;
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  EXPECT_EQ(ask(post(chunked, repeat("1\r\nx\r\n", 10) + "0\r\n\r\n")).status, 200);
  EXPECT_EQ(ask(post(chunked, repeat("1\r\nx\r\n", 11) + "0\r\n\r\n")).status, 413);
  EXPECT_EQ(ask(post(chunked, "fffffffffffffff\r\n")).status, 413);
}

TEST_F(ConnectionTest, RefusalReachesAPeerThatIsStillSending) {
  options_.body_limit = 1000;
  auto client = connect();
  const std::string body(8 * 1024 * 1024, 'x');
  EXPECT_TRUE(client.send(post("Content-Length: " + std::to_string(body.size()) + "\r\n", body)));
  const auto answer = client.receive().value();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(value(answer, "Connection"), "close");
  client.end_sending();
  EXPECT_TRUE(client.at_end());
}

TEST_F(ConnectionTest, LargeBodiesPassBothWays) {
  const std::string body(20 * 1024 * 1024, 'b');
  const auto answer = ask(post("Content-Length: " + std::to_string(body.size()) + "\r\n", body));
  EXPECT_TRUE(answer.body == "POST /a " + body);
}

TEST_F(ConnectionTest, AnswerMayComeFromAnotherThread) {
  std::vector<std::thread> threads;
  handler_.answer_by([&](const http::Request& request, http::Respond respond) {
    threads.emplace_back([respond = std::move(respond), target = request.target] {
      respond({201, {}, target});
    });
  });
  auto client = connect();
  for (int i = 0; i < 200; ++i) {
    const auto target = "/" + std::to_string(i);
    const auto answer =
        client.ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n").value();
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(answer.body, target);
  }
  listener_->stop();
  for (auto& thread : threads) thread.join();
}

TEST_F(ConnectionTest, ExceptionIsAnswered500WithoutItsText) {
  handler_.answer_by(
      [](const http::Request&, http::Respond) { throw std::runtime_error("secret path /var/x"); });
  auto client = connect();
  const auto answer = client.ask(kGet).value();
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, R"({"code":"HF500","message":"the gateway failed on this request",)"
                         R"("details":null,"hint":null})");
  EXPECT_EQ(client.ask(kGet).value().status, 500);
}

TEST_F(ConnectionTest, ForgottenAnswerIs500) {
  handler_.answer_by([](const http::Request&, http::Respond) {});
  EXPECT_EQ(ask(kGet).status, 500);
}

TEST_F(ConnectionTest, StatusThatIsNoneIs500) {
  handler_.answer_with({99, {}, "x"});
  EXPECT_EQ(ask(kGet).status, 500);
  handler_.answer_with({101, {}, "x"});
  EXPECT_EQ(ask(kGet).status, 500);
}

TEST_F(ConnectionTest, H2cUpgradeIsIgnored) {
  auto client = connect();
  const auto answer = client.ask(
      "GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
      "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
  EXPECT_EQ(answer.value().body, "GET /a ");
  EXPECT_EQ(client.ask(kGet).value().status, 200);
}

TEST_F(ConnectionTest, WebSocketUpgradeIsAnOrdinaryGet) {
  EXPECT_EQ(ask("GET /w HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n")
                .body,
            "GET /w ");
}

TEST_F(ConnectionTest, PeerThatResetsDoesNotEndTheProcess) {
  handler_.answer_with({200, {}, std::string(8 * 1024 * 1024, 'x')});
  for (int i = 0; i < 20; ++i) {
    auto client = connect();
    client.send(repeat(kGet, 3));
    if (i % 2 == 0) client.reset_on_close();
  }
  handler_.answer_with({204, {}, ""});
  EXPECT_EQ(ask(kGet).status, 204);
}

TEST_F(ConnectionTest, PeerThatEndsItsSideStillGetsItsAnswer) {
  auto client = connect();
  client.send(kGet);
  client.end_sending();
  EXPECT_EQ(client.receive().value().status, 200);
  EXPECT_TRUE(client.at_end());
}

TEST_F(ConnectionTest, CutRequestIsNotHandled) {
  auto client = connect();
  client.send(post("Content-Length: 10\r\n", "half"));
  client.end_sending();
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(ConnectionTest, RequestSaysWhetherAnotherConnectionWaitsForItsThread) {
  options_.threads = 1;
  auto first = connect();
  EXPECT_TRUE(first.ask(kGet));
  auto second = connect();
  EXPECT_TRUE(second.ask(kGet));
  EXPECT_TRUE(first.ask(kGet));
  std::vector<bool> alone;
  for (const auto& request : handler_.requests()) alone.push_back(request.alone);
  EXPECT_EQ(alone, (std::vector<bool>{true, false, false}));
}

TEST_F(ConnectionTest, RequestSaysThatItCameOverLoopback) {
  ask(kGet);
  EXPECT_TRUE(handler_.requests().at(0).from_loopback);
  EXPECT_FALSE(handler_.requests().at(0).secure);
}

}  // namespace
}  // namespace holdfast::server
