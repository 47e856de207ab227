#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "gateway/upstream/supabase_upstream.h"
#include "tests/gateway/upstream/raw_server.h"
#include "tests/support/manual_clock.h"

namespace holdfast::upstream {

using namespace std::chrono_literals;

inline Then echo(const Exchange& exchange) {
  exchange.answer(200, "ok");
  return Then::kKeepOpen;
}

class SupabaseUpstreamTest : public ::testing::Test {
 protected:
  RawServer& serve(RawServer::Handler handler) {
    server_ = std::make_unique<RawServer>(std::move(handler));
    connect(server_->url());
    return *server_;
  }
  void connect(const std::string& url) {
    options_.url = url;
    upstream_ = std::make_unique<SupabaseUpstream>(options_, clock_);
  }
  Outcome call(std::string method, std::string target, std::string body = "") {
    Call request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    return upstream_->call(request);
  }
  std::string head_of(std::size_t index) { return server_->exchanges().at(index).head; }

  support::ManualClock clock_;
  UpstreamOptions options_ = [] {
    UpstreamOptions options;
    options.timeout = 5s;
    return options;
  }();
  std::unique_ptr<RawServer> server_;
  std::unique_ptr<SupabaseUpstream> upstream_;
};

}  // namespace holdfast::upstream
