// Realtime's looking thread: rows that changed, and tokens that have run out.
#include <nlohmann/json.hpp>
#include <set>

#include "routes/realtime.h"

namespace holdfast::routes {

using json = nlohmann::json;

struct Realtime::Listener {
  MemberId id;
  std::string topic;
  std::string principal;
  std::string epoch;
  Subscriptions subscriptions;
};

void Realtime::look_for_members() {
  {
    MutexLock lock(mutex_);
    if (members_.empty()) return task_.rest();
  }
  look();
}

void Realtime::look() {
  tell_changes();
  const MonotonicTime now = context_.clock.monotonic();
  if (now - tokens_checked_at_ < options_.token_interval) return;
  tokens_checked_at_ = now;
  check_tokens();
}

// Those whose replica nobody listens to any more are let go on the way.
std::vector<Realtime::Listener> Realtime::listeners() {
  std::vector<Listener> listeners;
  std::set<std::string> followed;
  for (const auto& [id, member] : members_) {
    for (const auto& [topic, channel] : member.channels) {
      if (channel.subscriptions == nullptr) continue;
      followed.insert(channel.principal.id);
      listeners.push_back({id, topic, channel.principal.id, channel.epoch, channel.subscriptions});
    }
  }
  std::erase_if(tails_, [&](const auto& tail) { return !followed.contains(tail.first); });
  return listeners;
}

void Realtime::tell_changes() {
  std::vector<Listener> all;
  std::map<std::string, std::shared_ptr<RowTail>> tails;
  {
    // Under one lock: what a tail tells once is told to all who wait for it.
    MutexLock lock(mutex_);
    all = listeners();
    tails = tails_;
  }
  for (const auto& [principal, tail] : tails) {
    const auto page = tail->advance();
    for (const RowChange& change : page) tell(change, principal, *tail, all);
    // For whoever has joined by then, too.
    if (!page.empty() && tail->has_more()) task_.wake();
  }
}

void Realtime::tell(const RowChange& change, const std::string& principal, const RowTail& tail,
                    const std::vector<Listener>& listeners) {
  const json data = change_data(change, context_.clock.now());
  for (const Listener& listener : listeners) {
    if (listener.principal != principal || !tail.reads_as(listener.epoch)) continue;
    json ids = json::array();
    for (const RowSubscription& subscription : *listener.subscriptions) {
      if (tail.selects(subscription, change)) ids.push_back(subscription.id);
    }
    if (ids.empty()) continue;
    send(listener.id, {nullptr,
                       nullptr,
                       listener.topic,
                       "postgres_changes",
                       {{"ids", std::move(ids)}, {"data", data}}});
  }
}

// A channel whose token counts no more is ended with an error, upon which the client joins again
// with its newest one.
void Realtime::check_tokens() {
  struct Joined {
    MemberId id;
    std::string topic;
    http::Request asked;
  };
  std::vector<Joined> joined;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, member] : members_) {
      for (const auto& [topic, channel] : member.channels) {
        if (!is_token(channel.token)) continue;
        joined.push_back({id,
                          topic,
                          {"GET",
                           "/",
                           {{"apikey", member.key}, {"Authorization", "Bearer " + channel.token}},
                           ""}});
      }
    }
  }
  for (const auto& [id, topic, asked] : joined) {
    if (!std::holds_alternative<Error>(context_.authenticator.authenticate(asked))) continue;
    {
      MutexLock lock(mutex_);
      const auto member = members_.find(id);
      if (member == members_.end()) continue;
      const auto channel = member->second.channels.find(topic);
      if (channel == member->second.channels.end()) continue;
      depart(topic, id, channel->second);
      member->second.channels.erase(channel);
    }
    send(id, {nullptr, nullptr, topic, "phx_error", json::object()});
  }
}

}  // namespace holdfast::routes
