#include "gateway/cli/control_client.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "gateway/app/app.h"
#include "gateway/app/data_folder.h"
#include "gateway/base/clock.h"
#include "gateway/upstream/supabase_upstream.h"

namespace holdfast::cli {
namespace {

// POST /sync answers when everything was tried, which may take a while.
constexpr std::chrono::seconds kPatience{120};

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

Result<Reply> ask_running(const app::RunningGateway& running, upstream::Call call) {
  upstream::UpstreamOptions gateway;
  gateway.url = running.url;
  const SystemClock clock;
  upstream::SupabaseUpstream client(gateway, clock);
  call.headers.set("Authorization", "Bearer " + running.control_token);
  call.timeout = kPatience;
  const auto outcome = client.call(call);
  if (!outcome.answered()) return upstream_unavailable(outcome.failure().reason);
  return Reply{outcome.answer().status, outcome.answer().body};
}

// The same routes, by a gateway of our own that listens to nobody.
Reply ask_folder(const config::Config& config, upstream::Call call) {
  LogOptions quiet = config.log;
  quiet.level = "error";
  app::App gateway(config, make_logger(quiet));
  gateway.open();
  http::Request request;
  request.method = std::move(call.method);
  request.target = std::move(call.target);
  request.headers = std::move(call.headers);
  request.body = std::move(call.body);
  auto response = gateway.answer_control(std::move(request));
  gateway.stop();
  return {response.status, std::move(response.body)};
}

}  // namespace

Result<std::string> ask_gateway(const CommonOptions& options, const std::string& method,
                                const std::string& target, const std::string& body) {
  HF_TRY(const config::Config config, load(options));
  const std::string folder = app::data_folder_of(config);
  if (!std::filesystem::exists(folder)) {
    return not_found("there is no data folder " + folder + " yet: holdfast serve makes it");
  }
  upstream::Call call;
  call.method = method;
  call.target = target;
  call.body = body;
  if (!body.empty()) call.headers.set("Content-Type", "application/json");
  const auto running = app::find_running(folder);
  if (running && running->url.empty()) {
    return not_found("the gateway on " + folder + " is starting; try again");
  }
  Reply reply;
  if (running) {
    HF_TRY(reply, ask_running(*running, std::move(call)));
  } else {
    reply = ask_folder(config, std::move(call));
  }
  if (reply.status >= 400) {
    return Error{ErrorKind::kUpstreamRejected, "HF" + std::to_string(reply.status), words_of(reply),
                 std::nullopt, std::nullopt};
  }
  return reply.body;
}

std::optional<std::string> ask_running(const CommonOptions& options, const std::string& target) {
  const auto config = load(options);
  if (!config) return std::nullopt;
  const std::string folder = app::data_folder_of(*config);
  if (!std::filesystem::exists(folder)) return std::nullopt;
  const auto running = app::find_running(folder);
  if (!running || running->url.empty()) return std::nullopt;
  upstream::Call call;
  call.target = target;
  auto reply = ask_running(*running, std::move(call));
  if (!reply || reply->status >= 400) return std::nullopt;
  return std::move(reply->body);
}

}  // namespace holdfast::cli
