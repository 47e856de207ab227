#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/base/periodic_task.h"
#include "gateway/http/response.h"
#include "gateway/http/web_socket.h"
#include "routes/context.h"
#include "routes/realtime_frame.h"
#include "routes/realtime_rows.h"

namespace holdfast::routes {

struct RealtimeOptions {
  // WebSockets at the same time, default 200; one more is answered 503.
  std::size_t sockets = 200;
  // Channels of one socket, default 100, as hosted projects have it.
  std::size_t channels = 100;
  // Subscriptions to changes of rows of one channel, default 100.
  std::size_t subscriptions = 100;
  // Bytes that may wait for a slow peer, and those of its own that may wait for us, default 8 MiB
  // each; beyond that its connection ends.
  std::size_t waiting_bytes = 8 * 1024 * 1024;
  // Between two looks for changed rows while somebody waits for some, default 50 ms.
  std::chrono::milliseconds interval{50};
  // Between two looks at the tokens of joined channels, default 30 s.
  std::chrono::milliseconds token_interval{30'000};
};

// /realtime/v1: Supabase Realtime from here, with the upstream or without it.
//
// `postgres_changes` tells of the rows of the caller's own replica as they change, by pulls and by
// writes through this gateway. Broadcast and Presence reach those who are connected to this
// gateway. Private channels, whose rules only the upstream knows, are refused.
// The protocol is that of realtime-js 2.10 to 2.119, both serializer versions.
// Thread-safe; start() at most once.
class Realtime {
 public:
  // `context` must outlive it.
  explicit Realtime(const Context& context, RealtimeOptions options = {});
  ~Realtime() { stop(); }
  Realtime(const Realtime&) = delete;
  Realtime& operator=(const Realtime&) = delete;

  void start();
  // Ends all sockets.
  void stop();

  // `resource`: the path below /realtime/v1/.
  void handle(const http::Request& request, const std::string& resource,
              const http::Respond& respond);

  // One look at the rows. For the thread, and for tests.
  void look();

 private:
  using MemberId = std::int64_t;
  using Subscriptions = std::shared_ptr<const std::vector<RowSubscription>>;  // null: none
  class Inbox;

  struct Channel {
    nlohmann::json join_ref;
    bool echoes = false;        // its own broadcasts
    bool acknowledges = false;  // broadcasts that come from it
    std::string presence_key;
    bool is_present = false;
    std::string token;  // that it joined with; empty = the key alone
    http::Principal principal;
    std::string epoch;  // of the token's claims
    Subscriptions subscriptions;
  };
  struct Member {
    std::weak_ptr<http::WebSocket> socket;  // its connection's
    FrameVersion version;
    std::string key;                          // the API key
    std::map<std::string, Channel> channels;  // by topic
  };
  struct Listener;  // a channel with subscriptions, as look() finds it

  // As supabase-js puts it into the address of a WebSocket, which has no header lines of its own.
  static std::string key_of(const http::Request& request);
  // Keys that stand in for a token say nothing more than the key itself.
  static bool is_token(const std::string& text);

  void open(const http::Request& request, const http::Respond& respond);
  // False: there are too many already.
  bool admit(const std::shared_ptr<http::WebSocket>& socket, FrameVersion version,
             const std::string& key);
  void broadcast_by_request(const http::Request& request, const std::string& resource,
                            const http::Respond& respond);

  // What a member sends, and its end; on a worker.
  void take(MemberId id, const Frame& frame);
  void leave_all(MemberId id);
  void join(MemberId id, const Frame& frame);
  void leave(MemberId id, const Frame& frame);
  void renew(MemberId id, const Frame& frame);
  void broadcast(MemberId id, const Frame& frame);
  void presence(MemberId id, const Frame& frame);

  // Whom the key and the token stand for; may ask the upstream.
  Result<http::Caller> caller_of(const std::string& key, const std::string& token) const;
  // What follows the replica from now on, or why the subscriptions cannot be served.
  struct Followed {
    std::shared_ptr<RowTail> tail;  // null where there are no subscriptions, or a reason
    std::string reason;
  };
  Followed follow(const http::Principal& principal, const Subscriptions& subscriptions) const;
  // Numbers what a join asks for into the channel; the answer's list of it.
  nlohmann::json subscribe(Channel& channel, const nlohmann::json& wanted);
  // Answers a join; false where the member is gone, or has too many channels.
  bool enter(MemberId id, const Frame& frame, Channel channel, const std::shared_ptr<RowTail>& tail,
             nlohmann::json accepted);
  void look_for_members();
  void tell_changes();
  void tell(const RowChange& change, const std::string& principal, const RowTail& tail,
            const std::vector<Listener>& listeners);
  void check_tokens();
  std::vector<Listener> listeners() HF_REQUIRES(mutex_);

  void send(MemberId id, const Frame& frame);
  static void send(const Member& member, const Frame& frame);
  void reply(MemberId id, const Frame& to, const char* status, nlohmann::json response);
  void broadcast_one(const nlohmann::json& message) HF_REQUIRES(mutex_);
  void send_to_topic(const Frame& frame, MemberId from, bool to_sender) HF_REQUIRES(mutex_);
  nlohmann::json presences(const std::string& topic) const HF_REQUIRES(mutex_);
  void depart(const std::string& topic, MemberId id, Channel& channel) HF_REQUIRES(mutex_);

  const Context& context_;
  const RealtimeOptions options_;

  MonotonicTime tokens_checked_at_{};  // of the looking thread

  mutable Mutex mutex_;
  bool stopping_ HF_GUARDED_BY(mutex_) = false;
  MemberId last_member_ HF_GUARDED_BY(mutex_) = 0;
  std::int64_t last_number_ HF_GUARDED_BY(mutex_) = 0;  // of subscriptions and presences
  std::map<MemberId, Member> members_ HF_GUARDED_BY(mutex_);
  // topic -> member -> {"phx_ref", … what it tracks}
  std::map<std::string, std::map<MemberId, nlohmann::json>> present_ HF_GUARDED_BY(mutex_);
  // By principal; each is advanced by the looking thread alone.
  std::map<std::string, std::shared_ptr<RowTail>> tails_ HF_GUARDED_BY(mutex_);
  PeriodicTask task_;  // last: its thread uses the rest
};

}  // namespace holdfast::routes
