#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/base/periodic_task.h"
#include "gateway/http/response.h"
#include "gateway/http/stream.h"
#include "routes/context.h"
#include "routes/journal_tail.h"
#include "routes/status.h"

namespace holdfast::routes {

struct EventOptions {
  // Listeners at the same time, default 32; one more is answered 503.
  std::size_t listeners = 32;
  // Bytes that may wait for a slow listener, default 256 KiB; beyond that it is dropped.
  std::size_t waiting_bytes = 256 * 1024;
  // Between two looks for changes while somebody listens, default 300 ms.
  std::chrono::milliseconds interval{300};
  // Between two looks at the tables, which counts their rows, default 3 s.
  std::chrono::milliseconds tables_interval{3'000};
  // Between two comments on a quiet stream, default 15 s.
  std::chrono::milliseconds keep_alive{15'000};
  // Changes of one look that are told one by one, default 100; more are one `changes` event.
  std::size_t burst = 100;
};

// GET /events: server-sent events for holders of the control token.
//
//   status    the brief status, whenever it is another
//   tables    sync.tables of the status, whenever it is another or was pulled again
//   entry     {"id","principal","event","was","state"}: a change of a queued write
//   conflict  {"id","principal","event","was","state"}
//   changes   {"count"}: more changes than are told one by one: look again
//
// Nothing is looked at while nobody listens. Thread-safe; start() at most once.
class Events {
 public:
  // `context` must outlive it.
  Events(const Context& context, StatusIdentity identity, EventOptions options = {});
  ~Events() { stop(); }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  void start();
  // Ends all streams.
  void stop();

  // The answer to a new listener, with the state of now. Waits for the disk.
  http::Response open();

  // One look: tells the listeners what has changed. For the thread, and for tests.
  void look();

 private:
  void look_for_listeners();
  void tell_changes();
  void tell(const std::string& name, const std::string& json);
  void send(const std::string& text);
  bool tables_due();
  bool pulled_again(const std::map<std::string, double>& lags) const;
  void tell_tables(const nlohmann::json& tables);

  const Context& context_;
  const StatusIdentity identity_;
  const EventOptions options_;

  // Of the looking thread.
  JournalTail tail_;
  std::string last_status_;
  std::string last_tables_;
  MonotonicTime tables_at_{};
  // The tables' lags as they were told last, and when.
  std::map<std::string, double> lags_;
  MonotonicTime lags_at_{};
  MonotonicTime sent_at_{};

  Mutex mutex_;
  bool stopping_ HF_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<http::Stream>> listeners_ HF_GUARDED_BY(mutex_);
  PeriodicTask task_;  // last: its thread uses the rest
};

}  // namespace holdfast::routes
