#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cache/replica/stores.h"
#include "gateway/base/logging.h"
#include "gateway/base/mutex.h"
#include "gateway/server/websocket_client.h"
#include "gateway/upstream/credentials.h"
#include "gateway/upstream/options.h"

namespace holdfast::app {

// Listens to the upstream's Realtime service, which tells when rows change, so that a pull begins
// at once and not at its interval.
//
// It wakes pulls and does nothing else: what an event says is not looked at, and whatever was said
// while there was no connection is covered by the pull that each new one wakes. Each principal has
// a channel of its own, joined with its own token. An upstream without the service is asked again
// seldom.
// start(), stop(), wake(): thread-safe.
class RealtimeWatch {
 public:
  struct Options {
    upstream::UpstreamOptions upstream;
    std::vector<std::string> schemas;
  };
  struct Surroundings {
    cache::Stores& stores;
    upstream::CredentialSource& credentials;
    std::function<bool()> offline;
    std::function<void(const std::string& principal_id)> pull;
  };

  // What `surroundings` names must outlive it.
  RealtimeWatch(const Options& options, Surroundings surroundings, std::shared_ptr<Logger> logger);
  ~RealtimeWatch();

  void start();
  void stop();
  // The upstream can be reached again.
  void wake();

 private:
  // Of a principal, by its topic.
  struct Channel {
    std::string principal_id;
    std::string token;  // that the upstream was told
    std::string join;   // the reference of the join
    bool joined = false;
    int rests = 0;  // ticks until it is joined again
  };

  void run();
  // How long nothing is tried after this end.
  std::chrono::milliseconds rest_after(const server::WebSocketClient::End& end);
  void tick();
  void tend(const cache::Store& store);
  void join(const std::string& topic, Channel& channel);
  void received(std::string_view text);
  void push(const std::string& topic, const char* event, const std::string& payload,
            const std::string& join);

  const server::WebSocketOptions socket_;
  const std::string subscriptions_;  // JSON
  const Surroundings surroundings_;
  const std::shared_ptr<Logger> logger_;
  server::WebSocketClient client_;
  // The thread's own.
  std::map<std::string, Channel> channels_;
  int reference_ = 0;
  int ticks_ = 0;
  int failures_ = 0;
  std::string last_reason_;

  Mutex mutex_;
  Condition changed_;
  bool stopping_ HF_GUARDED_BY(mutex_) = false;
  bool woken_ HF_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace holdfast::app
