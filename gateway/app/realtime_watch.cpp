#include "gateway/app/realtime_watch.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/http/json.h"
#include "gateway/http/uri.h"

namespace holdfast::app {
namespace {

using json = nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kFirstRest{1'000};
constexpr milliseconds kLongestRest{60'000};
// An upstream that has no such service, or refuses this gateway.
constexpr milliseconds kAbsent{600'000};
// Ticks: between two signs of life, as the service wants them every 25 s; and before a channel that
// was refused is joined again.
constexpr int kHeartbeat = 4;
constexpr int kRejoin = 6;
constexpr const char* kTopic = "realtime:holdfast-";

server::WebSocketOptions socket_of(const upstream::UpstreamOptions& upstream) {
  server::WebSocketOptions options;
  std::string base = upstream.url;
  while (base.ends_with('/')) base.pop_back();
  options.url = base + "/realtime/v1/websocket?apikey=" + http::percent_encode(upstream.anon_key) +
                "&vsn=1.0.0";
  options.ca_file = upstream.ca_file;
  options.pins = upstream.pins;
  return options;
}

std::string subscriptions_to(const std::vector<std::string>& schemas) {
  json list = json::array();
  for (const std::string& schema : schemas) list.push_back({{"event", "*"}, {"schema", schema}});
  return list.dump();
}

}  // namespace

RealtimeWatch::RealtimeWatch(const Options& options, Surroundings surroundings,
                             std::shared_ptr<Logger> logger)
    : socket_(socket_of(options.upstream)),
      subscriptions_(subscriptions_to(options.schemas)),
      surroundings_(std::move(surroundings)),
      logger_(std::move(logger)) {}

RealtimeWatch::~RealtimeWatch() { stop(); }

void RealtimeWatch::start() {
  thread_ = std::thread([this] { run(); });
}

void RealtimeWatch::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  client_.stop();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RealtimeWatch::wake() {
  {
    MutexLock lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void RealtimeWatch::run() {
  for (;;) {
    milliseconds rest = kFirstRest;
    if (!surroundings_.offline()) {
      channels_.clear();
      try {
        rest = rest_after(client_.run(
            socket_, {[this] { tick(); }, [this](std::string_view text) { received(text); },
                      [this] { tick(); }}));
      } catch (const std::exception& fault) {
        logger_->error("realtime_fault reason={}", fault.what());
        rest = kLongestRest;
      }
    }
    MutexLock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + rest;
    // One who has no such service has none when it is back, either.
    while (!stopping_ && !(woken_ && rest < kAbsent) && std::chrono::steady_clock::now() < until) {
      changed_.wait_for(mutex_, until - std::chrono::steady_clock::now());
    }
    if (stopping_) return;
    woken_ = false;
  }
}

milliseconds RealtimeWatch::rest_after(const server::WebSocketClient::End& end) {
  const bool refused = end.status >= 400 && end.status < 500;
  if (end.opened || end.reason != last_reason_) {
    logger_->info("realtime_ended opened={} status={} reason={}", end.opened, end.status,
                  end.reason);
  }
  last_reason_ = end.reason;
  if (refused) return kAbsent;
  failures_ = end.opened ? 0 : std::min(failures_ + 1, 6);
  return std::min(kLongestRest, kFirstRest * (1 << failures_));
}

void RealtimeWatch::tick() {
  if (ticks_++ % kHeartbeat == 0) push("phoenix", "heartbeat", "{}", "");
  for (const auto& store : surroundings_.stores.all()) {
    if (!store->replicated().empty()) tend(*store);
  }
}

void RealtimeWatch::tend(const cache::Store& store) {
  const auto credentials = surroundings_.credentials.credentials_for(store.principal());
  if (!credentials) return;
  const std::string topic = kTopic + store.principal().id;
  const auto [known, fresh] = channels_.try_emplace(topic);
  Channel& channel = known->second;
  channel.principal_id = store.principal().id;
  const bool renewed = channel.token != credentials->bearer;
  channel.token = credentials->bearer;
  if (channel.joined || !channel.join.empty()) {
    if (!renewed || channel.token.empty()) return;
    return push(topic, "access_token", json{{"access_token", channel.token}}.dump(), channel.join);
  }
  if (fresh || channel.rests-- <= 0) join(topic, channel);
}

void RealtimeWatch::join(const std::string& topic, Channel& channel) {
  json payload = {{"config",
                   {{"broadcast", {{"ack", false}, {"self", false}}},
                    {"presence", {{"key", ""}}},
                    {"postgres_changes", json::parse(subscriptions_)},
                    {"private", false}}}};
  if (!channel.token.empty()) payload["access_token"] = channel.token;
  channel.join = std::to_string(++reference_);
  push(topic, "phx_join", payload.dump(), channel.join);
}

void RealtimeWatch::received(std::string_view text) {
  const auto message = http::parse_json(text);
  if (!message.is_object() || !message.value("topic", json()).is_string()) return;
  const auto found = channels_.find(message.at("topic").get<std::string>());
  if (found == channels_.end()) return;
  Channel& channel = found->second;
  const auto event = message.value("event", json());
  const auto payload = message.value("payload", json());
  if (event == "postgres_changes") return surroundings_.pull(channel.principal_id);
  const bool answers_join = event == "phx_reply" && message.value("ref", json()) == channel.join;
  const bool good = payload.is_object() && payload.value("status", json()) == "ok";
  if (answers_join && good) {
    channel.joined = true;
    // What happened before is not told.
    return surroundings_.pull(channel.principal_id);
  }
  const bool over =
      event == "phx_error" || event == "phx_close" || answers_join ||
      (event == "system" && payload.is_object() && payload.value("status", json()) == "error");
  if (!over) return;
  logger_->info("realtime_channel_refused principal={}", channel.principal_id);
  channel.joined = false;
  channel.join.clear();
  channel.rests = kRejoin;
}

void RealtimeWatch::push(const std::string& topic, const char* event, const std::string& payload,
                         const std::string& join) {
  const std::string reference =
      std::string_view(event) == "phx_join" ? join : std::to_string(++reference_);
  std::string message = R"({"topic":)" + json(topic).dump() + R"(,"event":")" + event +
                        R"(","payload":)" + payload + R"(,"ref":")" + reference + "\"";
  message += R"(,"join_ref":)" + (join.empty() ? "null" : json(join).dump()) + "}";
  client_.send(std::move(message));
}

}  // namespace holdfast::app
