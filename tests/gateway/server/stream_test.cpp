// Answers that go on after their head.
#include "gateway/http/stream.h"
#include "tests/gateway/server/listener_fixture.h"

namespace holdfast::server {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kAsk = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

// What the chunks hold; "malformed" where they are none, or where their end is missing.
std::string unchunked(std::string_view text) {
  std::string body;
  for (;;) {
    const auto line = text.find("\r\n");
    if (line == text.npos) return "malformed";
    const auto size = std::stoul(std::string(text.substr(0, line)), nullptr, 16);
    text.remove_prefix(line + 2);
    if (size == 0) return text == "\r\n" ? body : "malformed";
    if (text.size() < size + 2 || text.substr(size, 2) != "\r\n") return "malformed";
    body += text.substr(0, size);
    text.remove_prefix(size + 2);
  }
}

// Every request is answered with "first" and a stream.
class StreamTest : public ListenerTest {
 protected:
  StreamTest() {
    handler_.answer_by([this](const http::Request&, const http::Respond& respond) {
      http::Response response{200, {{"Content-Type", "text/event-stream"}}, "first"};
      response.stream = stream_;
      respond(std::move(response));
    });
  }

  bool ends_within(milliseconds time) const {
    const auto until = std::chrono::steady_clock::now() + time;
    while (!stream_->ended() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return stream_->ended();
  }

  std::shared_ptr<http::Stream> stream_ = std::make_shared<http::Stream>(64 * 1024);
};

TEST_F(StreamTest, PiecesComeInOrderAndTheEndIsMarked) {
  auto client = connect();
  ASSERT_TRUE(client.send(kAsk));
  ASSERT_TRUE(client.has_bytes(milliseconds(5'000)));
  EXPECT_TRUE(stream_->write(" second"));
  EXPECT_TRUE(stream_->write(" third"));
  stream_->end();
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(unchunked(client.rest()), "first second third");
  EXPECT_EQ(answer->headers.find("Transfer-Encoding"), "chunked");
  EXPECT_FALSE(answer->headers.contains("Content-Length"));
}

TEST_F(StreamTest, AnOlderClientGetsTheBytesAlone) {
  auto client = connect();
  ASSERT_TRUE(client.send("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"));
  ASSERT_TRUE(client.has_bytes(milliseconds(5'000)));
  stream_->write(" second");
  stream_->end();
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(client.rest(), "first second");
  EXPECT_FALSE(answer->headers.contains("Transfer-Encoding"));
}

TEST_F(StreamTest, APeerThatLeavesEndsIt) {
  {
    auto client = connect();
    ASSERT_TRUE(client.send(kAsk));
    ASSERT_TRUE(client.has_bytes(milliseconds(5'000)));
    EXPECT_FALSE(stream_->ended());
  }
  EXPECT_TRUE(ends_within(milliseconds(5'000)));
  EXPECT_FALSE(stream_->write("nobody hears this"));
}

TEST_F(StreamTest, ASlowPeerIsDroppedAtTheLimit) {
  start();
  auto client = test::RawClient::with_small_window(listener_->port());
  ASSERT_TRUE(client.send(kAsk));
  const std::string piece(16 * 1024, 'x');
  std::size_t taken = 0;
  while (stream_->write(piece)) {
    ++taken;
    std::this_thread::yield();
    ASSERT_LT(taken, 100'000U);
  }
  EXPECT_TRUE(stream_->ended());
}

TEST_F(StreamTest, StoppingDoesNotWaitForStreams) {
  options_.shutdown_grace = milliseconds(60'000);
  auto client = connect();
  ASSERT_TRUE(client.send(kAsk));
  ASSERT_TRUE(client.has_bytes(milliseconds(5'000)));
  const auto began = std::chrono::steady_clock::now();
  listener_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  EXPECT_TRUE(stream_->ended());
}

TEST_F(StreamTest, AHeadIsAnsweredAtOnce) {
  auto client = connect();
  const auto answer = client.ask("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n", true);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "");
  EXPECT_FALSE(answer->headers.contains("Transfer-Encoding"));
}

}  // namespace
}  // namespace holdfast::server
