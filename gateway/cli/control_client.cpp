#include "gateway/cli/control_client.h"

#include <nlohmann/json.hpp>

#include "gateway/app/data_folder.h"
#include "gateway/base/clock.h"
#include "gateway/upstream/supabase_upstream.h"

namespace holdfast::cli {
namespace {

// POST /sync answers when everything was tried, which may take a while.
constexpr std::chrono::seconds kPatience{120};

std::string words_of(const upstream::Answer& answer) {
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (body.is_object() && body.contains("message")) return body["message"].get<std::string>();
  return "HTTP " + std::to_string(answer.status);
}

}  // namespace

Result<std::string> ask_gateway(const CommonOptions& options, const std::string& method,
                                const std::string& target, const std::string& body) {
  HF_TRY(const config::Config config, load(options));
  const std::string folder = data_folder_of(config);
  const auto running = app::find_running(folder);
  if (!running || running->url.empty()) {
    return Error{ErrorKind::kNotFound, "HF404", "no gateway is running on " + folder, std::nullopt,
                 std::nullopt};
  }
  upstream::UpstreamOptions gateway;
  gateway.url = running->url;
  const SystemClock clock;
  upstream::SupabaseUpstream client(gateway, clock);
  upstream::Call call;
  call.method = method;
  call.target = target;
  call.body = body;
  if (!body.empty()) call.headers.set("Content-Type", "application/json");
  call.headers.set("Authorization", "Bearer " + running->control_token);
  call.timeout = kPatience;
  const auto outcome = client.call(call);
  if (!outcome.answered()) return upstream_unavailable(outcome.failure().reason);
  if (outcome.answer().status >= 400) {
    return Error{ErrorKind::kUpstreamRejected, "HF" + std::to_string(outcome.answer().status),
                 words_of(outcome.answer()), std::nullopt, std::nullopt};
  }
  return outcome.answer().body;
}

}  // namespace holdfast::cli
