#pragma once

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/http/headers.h"
#include "gateway/upstream/upstream.h"
#include "queue/own_columns.h"

namespace holdfast::queue {

// An entry's request as its app sent it, for a first send that the app waits for (hard case 6).
struct AskedRequest {
  std::string method;
  std::string target;
  std::string body;
  http::Headers headers;  // without credentials
  // The rows of the answer have every column of the table.
  bool complete_rows = false;
  // Instead of `headers` where the upstream refuses to give rows back that the app did not ask for.
  std::optional<http::Headers> without_rows;
  // Its target goes instead of `target` where the upstream lets it; the app is not told what that
  // gives back beside the rows as it has asked for them.
  std::optional<WiderSelect> wider = std::nullopt;
};

// What the app is told.
struct Told {
  // The upstream's own answer; nullopt: the entry is queued, and answered from here.
  std::optional<upstream::Answer> answer;
  bool with_rows = false;   // the answer is to AskedRequest::headers
  bool rows_known = false;  // the entry's rows are here as they are upstream now
};

// Somebody who waits for the upstream's answer to one entry. Told once; at the latest by the
// destructor, that it is queued. One thread at a time: whoever has it.
class Waiter {
 public:
  using Callback = std::function<void(Told)>;

  Waiter(AskedRequest request, Callback callback)
      : request_(std::move(request)), callback_(std::move(callback)) {}
  ~Waiter() {
    tell({});
    if (ended_) ended_();
  }
  Waiter(Waiter&& other) noexcept
      : request_(std::move(other.request_)),
        callback_(std::exchange(other.callback_, nullptr)),
        ended_(std::exchange(other.ended_, nullptr)) {}
  Waiter& operator=(Waiter&&) = delete;

  const AskedRequest& request() const { return request_; }
  void dismiss() { callback_ = nullptr; }
  void tell(Told told) {
    if (const auto callback = std::exchange(callback_, nullptr)) callback(std::move(told));
  }

 private:
  friend class Awaited;

  AskedRequest request_;
  Callback callback_;
  std::function<void()> ended_;
};

// The entries whose apps wait for the upstream's answer (hard case 15), by their ids.
//
// Whoever takes a Waiter out is the one to tell it, so an app hears once: the upstream's words, or
// that its write is queued. Callbacks run on the thread that takes, without a lock; they must be
// short and must not throw.
// Thread-safe.
class Awaited {
 public:
  // `clock` must outlive it.
  explicit Awaited(const Clock& clock) : clock_(clock) {}
  // Tells those who are left that they are queued.
  ~Awaited() { expire_all(); }

  // Before the entry's commit, so that nobody sends it unawaited. `principal` is its store's.
  void add(const std::string& entry, const std::string& principal, Waiter waiter);
  // After its commit: from now on the time runs, and "it is queued" is true.
  void arm(const std::string& entry, std::chrono::milliseconds limit);
  // It was not committed: nobody is told anything.
  void cancel(const std::string& entry);
  // The request to send for the entry while its app waits.
  std::optional<AskedRequest> find(const std::string& entry) const;
  bool contains(const std::string& entry) const;
  std::optional<Waiter> take(const std::string& entry);

  // Whether an app still waits for the entry, or what it is told is not all written down: until the
  // end of its Waiter.
  bool is_open(const std::string& entry) const;
  // Whether that is so of any entry of the principal's.
  bool any_open(const std::string& principal) const;
  // Calls `then` when that is over, on the thread that ends it. False: it is over already, and
  // nobody is called.
  bool follow(const std::string& entry, std::function<void()> then);

  // A moment: release() lets go of those of `principal` that were armed before it.
  std::int64_t mark() const;
  void release(const std::string& principal, std::int64_t mark);

  // Lets go of those whose time is over.
  void expire();
  void expire_all();
  // Calls expire() when it is time, until stop().
  void run();
  void stop();

 private:
  static constexpr std::int64_t kNotArmed = std::numeric_limits<std::int64_t>::max();

  struct Place {
    Waiter waiter;
    std::string principal;
    MonotonicTime deadline = MonotonicTime::max();
    std::int64_t number = kNotArmed;
  };
  template <typename Predicate>
  void let_go(const Predicate& predicate);
  void end(const std::string& entry);

  const Clock& clock_;
  mutable Mutex mutex_;
  Condition changed_;
  struct Open {
    std::string principal;
    std::vector<std::function<void()>> followers;
  };
  // Outlive the places: their Waiters say when they end.
  std::map<std::string, Open> open_ HF_GUARDED_BY(mutex_);
  std::map<std::string, Place> places_ HF_GUARDED_BY(mutex_);
  std::int64_t next_number_ HF_GUARDED_BY(mutex_) = 0;
  bool stopping_ HF_GUARDED_BY(mutex_) = false;
};

}  // namespace holdfast::queue
