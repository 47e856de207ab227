#include "routes/realtime.h"

#include <deque>
#include <nlohmann/json.hpp>

#include "gateway/http/uri.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;

constexpr const char* kTopicPrefix = "realtime:";

// The edge's words for a WebSocket.
http::Response refusal(int status, const std::string& words) {
  return http::json_response(status, json{{"error", words}}.dump());
}

std::string sub_topic(const std::string& topic) {
  const std::string prefix = kTopicPrefix;
  return topic.starts_with(prefix) ? topic.substr(prefix.size()) : topic;
}

json member_of(const json& object, const char* name) {
  return object.is_object() ? object.value(name, json(nullptr)) : json(nullptr);
}

std::string text_in(const json& object, const char* name) {
  const json value = member_of(object, name);
  return value.is_string() ? value.get<std::string>() : "";
}

bool flag_in(const json& object, const char* name) {
  const json value = member_of(object, name);
  return value.is_boolean() && value.get<bool>();
}

Frame reply_to(const Frame& frame, const char* status, json response) {
  return {frame.join_ref,
          frame.ref,
          frame.topic,
          "phx_reply",
          {{"status", status}, {"response", std::move(response)}}};
}

json system_message(const std::string& topic, const char* status, const std::string& words) {
  return {{"message", words},
          {"status", status},
          {"extension", "postgres_changes"},
          {"channel", sub_topic(topic)}};
}

}  // namespace

std::string Realtime::key_of(const http::Request& request) {
  const auto header = request.headers.find("apikey");
  return header ? std::string(*header) : http::query_parameter(request.query(), "apikey");
}

bool Realtime::is_token(const std::string& text) {
  return !text.empty() && !text.starts_with("sb_");
}

// A peer's messages, taken one after the other on the workers: some wait for the disk or for the
// upstream.
class Realtime::Inbox final : public http::MessageHandler,
                              public std::enable_shared_from_this<Inbox> {
 public:
  Inbox(Realtime& realtime, MemberId id, FrameVersion version,
        std::weak_ptr<http::WebSocket> socket)
      : realtime_(realtime), id_(id), version_(version), socket_(std::move(socket)) {}

  void received(http::Message message) override {
    if (auto frame = read_frame(version_, message)) put({std::move(frame), message.data.size()});
  }
  void closed() override { put({std::nullopt, 0}); }

 private:
  struct Item {
    std::optional<Frame> frame;  // nullopt: the end
    std::size_t bytes;
  };

  void put(Item item) {
    {
      MutexLock lock(mutex_);
      if (bytes_ + item.bytes > realtime_.options_.waiting_bytes) {
        if (const auto socket = socket_.lock()) socket->end();
        return;
      }
      bytes_ += item.bytes;
      waiting_.push_back(std::move(item));
      if (std::exchange(busy_, true)) return;
    }
    realtime_.context_.workers.post([self = shared_from_this()] { self->work(); });
  }
  void work() {
    for (;;) {
      std::optional<Frame> frame;
      {
        MutexLock lock(mutex_);
        if (waiting_.empty()) {
          busy_ = false;
          return;
        }
        frame = std::move(waiting_.front().frame);
        bytes_ -= waiting_.front().bytes;
        waiting_.pop_front();
      }
      if (frame) {
        realtime_.take(id_, *frame);
      } else {
        realtime_.leave_all(id_);
      }
    }
  }

  Realtime& realtime_;
  const MemberId id_;
  const FrameVersion version_;
  const std::weak_ptr<http::WebSocket> socket_;
  Mutex mutex_;
  std::deque<Item> waiting_ HF_GUARDED_BY(mutex_);
  std::size_t bytes_ HF_GUARDED_BY(mutex_) = 0;
  bool busy_ HF_GUARDED_BY(mutex_) = false;
};

Realtime::Realtime(const Context& context, RealtimeOptions options)
    : context_(context),
      options_(options),
      task_(
          "realtime", options.interval, [this] { look_for_members(); }, context.logger) {}

void Realtime::start() { task_.start(); }

void Realtime::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& [id, member] : members_) {
      if (const auto socket = member.socket.lock()) socket->end();
    }
  }
  task_.stop();
}

void Realtime::handle(const http::Request& request, const std::string& resource,
                      const http::Respond& respond) {
  if (resource == "websocket") return open(request, respond);
  if (resource == "api/broadcast" || resource.starts_with("api/broadcast/")) {
    return broadcast_by_request(request, resource, respond);
  }
  respond(refusal(404, "not found"));
}

void Realtime::open(const http::Request& request, const http::Respond& respond) {
  if (!request.headers.contains("Upgrade")) {
    auto answer = refusal(426, "this address is for WebSockets");
    answer.headers.set("Upgrade", "websocket");
    return respond(std::move(answer));
  }
  const std::string key = key_of(request);
  http::Request asked{"GET", "/", {{"apikey", key}}, ""};
  if (const auto error = context_.authenticator.refuse_key(asked)) {
    return respond(refusal(401, error->message));
  }
  const bool first = http::query_parameter(request.query(), "vsn").starts_with("1");
  auto socket = std::make_shared<http::WebSocket>(options_.waiting_bytes);
  if (!admit(socket, first ? FrameVersion::kV1 : FrameVersion::kV2, key)) {
    return respond(refusal(503, "too many are connected already"));
  }
  http::Response response;
  response.status = 101;
  response.web_socket = std::move(socket);
  respond(std::move(response));
}

bool Realtime::admit(const std::shared_ptr<http::WebSocket>& socket, FrameVersion version,
                     const std::string& key) {
  MutexLock lock(mutex_);
  if (stopping_ || members_.size() >= options_.sockets) return false;
  const MemberId id = ++last_member_;
  socket->serve(std::make_shared<Inbox>(*this, id, version, socket));
  members_.emplace(id, Member{socket, version, key, {}});
  task_.wake();
  return true;
}

void Realtime::take(MemberId id, const Frame& frame) {
  try {
    if (frame.topic == "phoenix") return reply(id, frame, "ok", json::object());
    if (frame.event == "phx_join") return join(id, frame);
    if (frame.event == "phx_leave") return leave(id, frame);
    if (frame.event == "access_token") return renew(id, frame);
    if (frame.event == "broadcast") return broadcast(id, frame);
    if (frame.event == "presence") return presence(id, frame);
  } catch (const std::exception& fault) {
    context_.logger->error("realtime_fault reason={}", fault.what());
    return reply(id, frame, "error", {{"reason", "the gateway failed; its log says why"}});
  }
  reply(id, frame, "error", {{"reason", "unmatched topic"}});
}

Result<http::Caller> Realtime::caller_of(const std::string& key, const std::string& token) const {
  http::Request asked{"GET", "/", {{"apikey", key}}, ""};
  if (is_token(token)) asked.headers.add("Authorization", "Bearer " + token);
  HF_TRY(auto caller, context_.authenticator.confirm(asked));
  if (context_.standalone) caller.principal = http::Principal::anonymous();
  return caller;
}

void Realtime::join(MemberId id, const Frame& frame) {
  const json config = member_of(frame.payload, "config");
  if (flag_in(config, "private")) {
    return reply(id, frame, "error",
                 {{"reason",
                   "Unauthorized: private channels need the upstream, and this gateway"
                   " serves Realtime from here"}});
  }
  std::string key;
  {
    MutexLock lock(mutex_);
    const auto member = members_.find(id);
    if (member == members_.end()) return;
    key = member->second.key;
  }
  Channel channel;
  channel.join_ref = frame.join_ref;
  channel.echoes = flag_in(member_of(config, "broadcast"), "self");
  channel.acknowledges = flag_in(member_of(config, "broadcast"), "ack");
  channel.presence_key = text_in(member_of(config, "presence"), "key");
  channel.token = text_in(frame.payload, "access_token");
  const json wanted = member_of(config, "postgres_changes");
  if (wanted.size() > options_.subscriptions) {
    return reply(id, frame, "error", {{"reason", "Too many postgres_changes in one channel"}});
  }
  auto caller = caller_of(key, channel.token);
  if (!caller) return reply(id, frame, "error", {{"reason", caller.error().message}});
  channel.principal = std::move(caller->principal);
  channel.epoch = std::move(caller->epoch);
  json accepted = subscribe(channel, wanted);
  const bool wants_rows = channel.subscriptions != nullptr;
  auto [tail, reason] = follow(channel.principal, channel.subscriptions);
  if (!reason.empty()) channel.subscriptions.reset();
  if (!enter(id, frame, std::move(channel), tail, std::move(accepted))) return;
  if (!wants_rows) return;
  const bool ok = reason.empty();
  send(id,
       {nullptr, nullptr, frame.topic, "system",
        system_message(frame.topic, ok ? "ok" : "error",
                       ok ? "Subscribed to PostgreSQL"
                          : "Unable to subscribe to changes with given parameters: " + reason)});
}

json Realtime::subscribe(Channel& channel, const json& wanted) {
  json accepted = json::array();
  if (!wanted.is_array() || wanted.empty()) return accepted;
  std::vector<RowSubscription> subscriptions;
  MutexLock lock(mutex_);
  for (const json& one : wanted) {
    subscriptions.push_back({++last_number_, text_in(one, "event"), text_in(one, "schema"),
                             text_in(one, "table"), text_in(one, "filter")});
    json entry = one.is_object() ? one : json::object();
    entry["id"] = last_number_;
    accepted.push_back(std::move(entry));
  }
  channel.subscriptions =
      std::make_shared<const std::vector<RowSubscription>>(std::move(subscriptions));
  return accepted;
}

bool Realtime::enter(MemberId id, const Frame& frame, Channel channel,
                     const std::shared_ptr<RowTail>& tail, json accepted) {
  MutexLock lock(mutex_);
  const auto member = members_.find(id);
  if (member == members_.end()) return false;
  auto& channels = member->second.channels;
  const auto known = channels.find(frame.topic);
  if (known != channels.end()) {
    depart(frame.topic, id, known->second);
  } else if (channels.size() >= options_.channels) {
    send(member->second,
         reply_to(frame, "error", {{"reason", "ChannelRateLimitReached: Too many channels"}}));
    return false;
  }
  if (channel.presence_key.empty()) channel.presence_key = std::to_string(++last_number_);
  // Under one lock, so that no change is told before the answer, and none is missed after it.
  if (tail) tails_.try_emplace(channel.principal.id, tail);
  channels[frame.topic] = std::move(channel);
  send(member->second, reply_to(frame, "ok", {{"postgres_changes", std::move(accepted)}}));
  send(member->second, {nullptr, nullptr, frame.topic, "presence_state", presences(frame.topic)});
  return true;
}

Realtime::Followed Realtime::follow(const http::Principal& principal,
                                    const Subscriptions& subscriptions) const {
  if (subscriptions == nullptr) return {};
  if (principal.kind == http::Principal::Kind::kService) {
    return {nullptr, "no rows are kept for the service role"};
  }
  auto tail = std::make_shared<RowTail>(context_, principal);
  for (const RowSubscription& subscription : *subscriptions) {
    if (auto reason = tail->refuse(subscription)) return {nullptr, *std::move(reason)};
  }
  return {std::move(tail), ""};
}

void Realtime::leave(MemberId id, const Frame& frame) {
  json join_ref;
  {
    MutexLock lock(mutex_);
    const auto member = members_.find(id);
    if (member == members_.end()) return;
    const auto channel = member->second.channels.find(frame.topic);
    if (channel != member->second.channels.end()) {
      join_ref = channel->second.join_ref;
      depart(frame.topic, id, channel->second);
      member->second.channels.erase(channel);
    }
  }
  reply(id, frame, "ok", json::object());
  send(id, {nullptr, join_ref.is_null() ? frame.join_ref : join_ref, frame.topic, "phx_close",
            json::object()});
}

void Realtime::leave_all(MemberId id) {
  MutexLock lock(mutex_);
  const auto member = members_.find(id);
  if (member == members_.end()) return;
  for (auto& [topic, channel] : member->second.channels) depart(topic, id, channel);
  members_.erase(member);
}

// A channel goes on as whom its newest token stands for.
void Realtime::renew(MemberId id, const Frame& frame) {
  const std::string token = text_in(frame.payload, "access_token");
  std::string key;
  Subscriptions subscriptions;
  {
    MutexLock lock(mutex_);
    const auto member = members_.find(id);
    if (member == members_.end()) return;
    const auto channel = member->second.channels.find(frame.topic);
    if (channel == member->second.channels.end() || channel->second.token == token) return;
    key = member->second.key;
    subscriptions = channel->second.subscriptions;
  }
  auto caller = caller_of(key, token);
  auto [tail, reason] =
      caller ? follow(caller->principal, subscriptions) : Followed{nullptr, caller.error().message};
  if (!reason.empty()) {
    return send(id, {nullptr, nullptr, frame.topic, "system",
                     system_message(frame.topic, "error", reason)});
  }
  MutexLock lock(mutex_);
  const auto member = members_.find(id);
  if (member == members_.end()) return;
  const auto channel = member->second.channels.find(frame.topic);
  if (channel == member->second.channels.end()) return;
  if (tail) tails_.try_emplace(caller->principal.id, std::move(tail));
  channel->second.token = token;
  channel->second.principal = std::move(caller->principal);
  channel->second.epoch = std::move(caller->epoch);
}

void Realtime::send(MemberId id, const Frame& frame) {
  MutexLock lock(mutex_);
  const auto member = members_.find(id);
  if (member != members_.end()) send(member->second, frame);
}

void Realtime::send(const Member& member, const Frame& frame) {
  if (const auto socket = member.socket.lock()) socket->send(print_frame(member.version, frame));
}

void Realtime::reply(MemberId id, const Frame& to, const char* status, json response) {
  send(id, reply_to(to, status, std::move(response)));
}

}  // namespace holdfast::routes
