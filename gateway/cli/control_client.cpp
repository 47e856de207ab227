#include "gateway/cli/control_client.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "gateway/app/app.h"
#include "gateway/app/data_folder.h"
#include "gateway/base/clock.h"
#include "gateway/upstream/supabase_upstream.h"

namespace holdfast::cli {
namespace {

// A sync or a comparison answers when all is done. A gateway that ends cuts the connection.
constexpr std::chrono::hours kPatience{24};

constexpr int kUnauthorized = 401;
constexpr const char* kTokenRefused =
    "the gateway refuses the token in the data folder's file control_token, which it wrote when it "
    "started: restart it";

struct Reply {
  int status = 0;
  std::string body;
};

Error not_found(std::string message) {
  return {ErrorKind::kNotFound, "HF404", std::move(message), std::nullopt, std::nullopt};
}

std::string words_of(const Reply& reply) {
  const auto body = nlohmann::json::parse(reply.body, nullptr, false);
  if (body.is_object() && body.contains("message")) return body["message"].get<std::string>();
  return "HTTP " + std::to_string(reply.status);
}

// The client speaks of its server as the upstream.
std::string words_here(std::string reason) {
  constexpr std::string_view kServer = "the upstream";
  if (reason.starts_with(kServer)) reason.replace(0, kServer.size(), "it");
  return reason;
}

upstream::UpstreamOptions options_of(const app::RunningGateway& running) {
  upstream::UpstreamOptions options;
  options.url = running.url;
  return options;
}

}  // namespace

class ControlClient::Gateway {
 public:
  virtual ~Gateway() = default;
  virtual Result<Reply> ask(upstream::Call call) = 0;
};

class ControlClient::Running : public Gateway {
 public:
  explicit Running(const app::RunningGateway& running)
      : token_(running.control_token), client_(options_of(running), clock_) {}

  Result<Reply> ask(upstream::Call call) override {
    call.headers.set("Authorization", "Bearer " + token_);
    call.timeout = kPatience;
    const auto outcome = client_.call(call);
    if (!outcome.answered()) {
      return upstream_unavailable("the gateway did not answer: " +
                                  words_here(outcome.failure().reason));
    }
    return Reply{outcome.answer().status, outcome.answer().body};
  }

 private:
  const std::string token_;
  const SystemClock clock_;
  upstream::SupabaseUpstream client_;
};

class ControlClient::Own : public Gateway {
 public:
  explicit Own(const config::Config& config) : app_(config, make_logger(quiet(config.log))) {
    app_.open();
  }
  ~Own() override { app_.stop(); }

  Result<Reply> ask(upstream::Call call) override {
    http::Request request;
    request.method = std::move(call.method);
    request.target = std::move(call.target);
    request.headers = std::move(call.headers);
    request.body = std::move(call.body);
    auto response = app_.answer_control(std::move(request));
    return Reply{response.status, std::move(response.body)};
  }

 private:
  static LogOptions quiet(LogOptions options) {
    options.level = "error";
    return options;
  }

  app::App app_;
};

ControlClient::ControlClient(std::unique_ptr<Gateway> gateway, std::string url)
    : gateway_(std::move(gateway)), url_(std::move(url)) {}
ControlClient::ControlClient(ControlClient&&) noexcept = default;
ControlClient::~ControlClient() = default;

Result<ControlClient> ControlClient::open(const CommonOptions& options) {
  HF_TRY(const config::Config config, load(options));
  const std::string folder = app::data_folder_of(config);
  if (!std::filesystem::exists(folder)) {
    return not_found("there is no data folder " + folder + " yet: holdfast serve makes it");
  }
  const auto running = app::find_running(folder);
  if (!running) return ControlClient(std::make_unique<Own>(config), "");
  if (running->url.empty()) {
    return not_found("the gateway on " + folder + " is starting; try again");
  }
  return ControlClient(std::make_unique<Running>(*running), running->url);
}

Result<std::string> ControlClient::ask(const std::string& method, const std::string& target,
                                       const std::string& body) const {
  upstream::Call call;
  call.method = method;
  call.target = target;
  call.body = body;
  if (!body.empty()) call.headers.set("Content-Type", "application/json");
  HF_TRY(Reply reply, gateway_->ask(std::move(call)));
  if (reply.status >= 400) {
    const bool token = reply.status == kUnauthorized;
    return Error{ErrorKind::kUpstreamRejected, "HF" + std::to_string(reply.status),
                 token ? kTokenRefused : words_of(reply), std::nullopt, std::nullopt};
  }
  return std::move(reply.body);
}

Result<std::string> ask_gateway(const CommonOptions& options, const std::string& method,
                                const std::string& target, const std::string& body) {
  HF_TRY(const ControlClient client, ControlClient::open(options));
  return client.ask(method, target, body);
}

}  // namespace holdfast::cli
