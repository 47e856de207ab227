#include "gateway/tray/gateway_status.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace holdfast::tray {
namespace {

using json = nlohmann::json;

std::optional<GatewayState> state_named(const std::string& name) {
  static const std::map<std::string, GatewayState> states = {
      {"synced", GatewayState::kSynced},   {"syncing", GatewayState::kSyncing},
      {"offline", GatewayState::kOffline}, {"conflict", GatewayState::kConflict},
      {"paused", GatewayState::kPaused},   {"error", GatewayState::kError}};
  const auto found = states.find(name);
  return found == states.end() ? std::nullopt : std::optional(found->second);
}

Error not_understood(const char* what) {
  return invalid_request("HF400", std::string("the gateway's answer is no ") + what);
}

GatewayStatus status_of(const json& document, GatewayState state) {
  const auto count = [&queue = document.at("queue")](const char* name) {
    return queue.value(name, std::int64_t{0});
  };
  const json trouble = document.value("trouble", json::array());
  const auto has = [&trouble](const char* name) {
    return std::find(trouble.begin(), trouble.end(), name) != trouble.end();
  };
  GatewayStatus status;
  status.state = state;
  status.offline_by_choice = document.value("offline_by_choice", false);
  status.pending = count("depth");
  status.uncertain = count("uncertain");
  status.conflicts = count("conflicts") - status.uncertain;
  status.refused = count("dead");
  status.stalled = count("stalled");
  status.rights = count("claims_changed");
  status.absent = count("held") - status.rights;
  status.pulls_fail = has("pulls_fail");
  status.no_schema = has("schema_unknown");
  return status;
}

}  // namespace

Result<GatewayStatus> parse_status(const std::string& text) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains("queue") || !document["queue"].is_object()) {
    return not_understood("status");
  }
  try {
    const auto state = state_named(document.at("state").get<std::string>());
    if (!state) return not_understood("status");
    return status_of(document, *state);
  } catch (const json::exception&) {
    return not_understood("status");
  }
}

Result<std::string> parse_link(const std::string& text) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains("url") || !document["url"].is_string()) {
    return not_understood("link");
  }
  return document["url"].get<std::string>();
}

}  // namespace holdfast::tray
