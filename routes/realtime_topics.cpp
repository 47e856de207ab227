// Realtime's broadcasts and presences: what the members of a topic tell each other.
#include <nlohmann/json.hpp>

#include "gateway/http/json.h"
#include "gateway/http/uri.h"
#include "routes/error_response.h"
#include "routes/realtime.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;

json object_of(const json& value) { return value.is_object() ? value : json::object(); }

// What a presence is told as: its key, and what it tracks.
json presence_of(const std::string& key, const json& meta) {
  return {{key, {{"metas", json::array({meta})}}}};
}

// What a request broadcasts: {"topic", "event", "payload"} of each; null where it says nothing.
// POST …/broadcast/TOPIC/events/EVENT has the payload alone.
json messages_of(const http::Request& request, const std::string& resource) {
  constexpr std::string_view kBroadcasts = "api/broadcast/";
  constexpr std::string_view kEvents = "/events/";
  const json body = http::parse_json(request.body);
  const std::size_t events = resource.find(kEvents, kBroadcasts.size());
  if (events != std::string::npos) {
    return json::array(
        {{{"topic", resource.substr(kBroadcasts.size(), events - kBroadcasts.size())},
          {"event", resource.substr(events + kEvents.size())},
          {"payload", body.is_discarded() ? json::object() : body}}});
  }
  return body.is_object() ? body.value("messages", json()) : json();
}

}  // namespace

void Realtime::send_to_topic(const Frame& frame, MemberId from, bool to_sender) {
  for (auto& [id, member] : members_) {
    if (!member.channels.contains(frame.topic) || (id == from && !to_sender)) continue;
    send(member, frame);
  }
}

void Realtime::broadcast(MemberId id, const Frame& frame) {
  bool acknowledges = false;
  {
    MutexLock lock(mutex_);
    const auto member = members_.find(id);
    if (member == members_.end()) return;
    const auto channel = member->second.channels.find(frame.topic);
    if (channel == member->second.channels.end()) return;
    acknowledges = channel->second.acknowledges;
    Frame told{nullptr, nullptr, frame.topic, "broadcast", frame.payload, frame.bytes};
    send_to_topic(told, id, channel->second.echoes);
  }
  if (acknowledges) reply(id, frame, "ok", json::object());
}

void Realtime::presence(MemberId id, const Frame& frame) {
  const json payload = object_of(frame.payload);
  {
    MutexLock lock(mutex_);
    const auto member = members_.find(id);
    if (member == members_.end()) return;
    const auto channel = member->second.channels.find(frame.topic);
    if (channel == member->second.channels.end()) return;
    depart(frame.topic, id, channel->second);
    if (payload.value("event", json("")) == "track") {
      json meta = object_of(payload.value("payload", json::object()));
      meta["phx_ref"] = std::to_string(++last_number_);
      channel->second.is_present = true;
      send_to_topic({nullptr,
                     nullptr,
                     frame.topic,
                     "presence_diff",
                     {{"joins", presence_of(channel->second.presence_key, meta)},
                      {"leaves", json::object()}}},
                    id, true);
      present_[frame.topic][id] = std::move(meta);
    }
  }
  reply(id, frame, "ok", json::object());
}

json Realtime::presences(const std::string& topic) const {
  json all = json::object();
  const auto present = present_.find(topic);
  if (present == present_.end()) return all;
  for (const auto& [id, meta] : present->second) {
    const Channel& channel = members_.at(id).channels.at(topic);
    all[channel.presence_key]["metas"].push_back(meta);
  }
  return all;
}

// Nobody is told who was not present.
void Realtime::depart(const std::string& topic, MemberId id, Channel& channel) {
  if (!std::exchange(channel.is_present, false)) return;
  auto& present = present_[topic];
  const json meta = std::move(present[id]);
  present.erase(id);
  if (present.empty()) present_.erase(topic);
  send_to_topic({nullptr,
                 nullptr,
                 topic,
                 "presence_diff",
                 {{"joins", json::object()}, {"leaves", presence_of(channel.presence_key, meta)}}},
                id, true);
}

void Realtime::broadcast_by_request(const http::Request& request, const std::string& resource,
                                    const http::Respond& respond) {
  http::Request asked = request;
  asked.headers.set("apikey", key_of(request));
  if (const auto error = context_.authenticator.refuse_key(asked)) {
    return respond(error_response(*error));
  }
  if (request.method != "POST") {
    return respond(http::json_response(405, R"({"error":"this is only answered to POST"})"));
  }
  if (request.body.size() > options_.waiting_bytes / 4) {
    return respond(http::json_response(413, R"({"error":"the messages are too large"})"));
  }
  const json messages = messages_of(request, resource);
  if (!messages.is_array()) {
    return respond(http::json_response(422, R"({"errors":{"messages":["can't be blank"]}})"));
  }
  {
    MutexLock lock(mutex_);
    for (const json& message : messages) broadcast_one(object_of(message));
  }
  respond({202, {}, ""});
}

void Realtime::broadcast_one(const json& message) {
  if (!message.value("topic", json()).is_string()) return;
  send_to_topic({nullptr,
                 nullptr,
                 "realtime:" + message["topic"].get<std::string>(),
                 "broadcast",
                 {{"type", "broadcast"},
                  {"event", message.value("event", json(""))},
                  {"payload", message.value("payload", json::object())}}},
                0, true);
}

}  // namespace holdfast::routes
