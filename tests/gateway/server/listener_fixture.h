#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/server/listener.h"
#include "tests/support/raw_client.h"

namespace holdfast::server {

// Runs `act` for each request and keeps a copy of the request. Thread-safe.
class ScriptedHandler final : public http::Handler {
 public:
  using Act = std::function<void(const http::Request&, http::Respond)>;

  // Answers 200 with "METHOD target body".
  ScriptedHandler() : act_(echo) {}

  void handle(http::Request request, http::Respond respond) override {
    Act act;
    {
      MutexLock lock(mutex_);
      requests_.push_back(request);
      act = act_;
    }
    act(request, std::move(respond));
  }

  void answer_by(Act act) {
    MutexLock lock(mutex_);
    act_ = std::move(act);
  }
  void answer_with(http::Response response) {
    answer_by([response = std::move(response)](const http::Request&, http::Respond respond) {
      respond(response);
    });
  }
  std::vector<http::Request> requests() {
    MutexLock lock(mutex_);
    return requests_;
  }

 private:
  static void echo(const http::Request& request, http::Respond respond) {
    respond({200,
             {{"Content-Type", "text/plain"}},
             request.method + " " + request.target + " " + request.body});
  }

  Mutex mutex_;
  Act act_ HF_GUARDED_BY(mutex_);
  std::vector<http::Request> requests_ HF_GUARDED_BY(mutex_);
};

// A listener on a free loopback port before a ScriptedHandler. Set options_ before start().
class ListenerTest : public ::testing::Test {
 protected:
  ListenerTest() {
    options_.port = 0;
    options_.drain_timeout = std::chrono::milliseconds(1000);
  }

  // Before what its handler uses, which a test's own class may hold.
  void TearDown() override { listener_.reset(); }

  void start() {
    listener_ = std::make_unique<Listener>(options_, handler_, silent_logger());
    listener_->start();
  }
  test::RawClient connect() {
    if (!listener_) start();
    return test::RawClient(listener_->port());
  }
  // One request on a connection of its own; status 0 when there was no answer.
  test::RawAnswer ask(std::string_view bytes) {
    return connect().ask(bytes).value_or(test::RawAnswer{});
  }

  static std::string value(const test::RawAnswer& answer, std::string_view name) {
    return std::string(answer.headers.find(name).value_or("(none)"));
  }
  static std::string repeat(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
  }

  ListenerOptions options_;
  ScriptedHandler handler_;
  std::unique_ptr<Listener> listener_;
};

inline constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

}  // namespace holdfast::server
