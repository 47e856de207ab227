#include "gateway/upstream/supabase_upstream.h"

#include <signal.h>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "gateway/upstream/connection.h"

namespace holdfast::upstream {
namespace {

using std::chrono::milliseconds;

// More than the gateway has senders; what is above is closed after its call.
constexpr std::size_t kMostIdle = 16;

// httplib writes without MSG_NOSIGNAL: a closed connection would end the process.
void ignore_sigpipe() {
  static std::once_flag once;
  std::call_once(once, [] { signal(SIGPIPE, SIG_IGN); });
}

bool may_be_repeated(const std::string& method) { return method == "GET" || method == "HEAD"; }

}  // namespace

// Keeps a connection in the list of those that stop() ends.
class SupabaseUpstream::Use {
 public:
  Use(SupabaseUpstream& owner, Connection& connection) : owner_(owner), connection_(connection) {
    MutexLock lock(owner_.mutex_);
    owner_.in_use_.push_back(&connection_);
  }
  ~Use() {
    MutexLock lock(owner_.mutex_);
    std::erase(owner_.in_use_, &connection_);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  SupabaseUpstream& owner_;
  Connection& connection_;
};

SupabaseUpstream::SupabaseUpstream(UpstreamOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {
  ignore_sigpipe();
  const auto& url = options_.url;
  if (url.empty()) return;
  const auto scheme_end = url.find("://");
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    throw std::invalid_argument("the upstream URL must begin with http:// or https://: " + url);
  }
  const auto path = url.find('/', scheme_end + 3);
  origin_ = url.substr(0, path);
  if (path != std::string::npos) prefix_ = url.substr(path);
  while (prefix_.ends_with('/')) prefix_.pop_back();
  Connection probe_of_the_url(origin_, options_);
}

SupabaseUpstream::~SupabaseUpstream() = default;

Outcome SupabaseUpstream::call(const Call& call) {
  const int abandoned = abandoned_;
  Outcome outcome = carry_out(call);
  MutexLock lock(mutex_);
  if (outcome.answered()) {
    last_failure_.clear();
  } else if (abandoned_ == abandoned) {
    last_failure_ = outcome.failure().reason;
  } else if (!last_failure_.empty()) {
    return Failure{outcome.failure().loss, last_failure_};
  }
  return outcome;
}

Outcome SupabaseUpstream::carry_out(const Call& call) {
  if (origin_.empty()) return Failure{Loss::kNotSent, "no upstream is configured"};
  const auto timeout =
      call.timeout.value_or(call.unhurried ? options_.function_timeout : options_.timeout);
  auto connection = take(call);
  if (!connection) return Failure{Loss::kNotSent, "the gateway is stopping"};

  const bool reused = connection->used();
  const int abandoned = abandoned_;
  const auto began = std::chrono::steady_clock::now();
  Outcome first = attempt(call, std::move(connection), timeout);
  if (first.answered() || !reused || abandoned_ != abandoned) return first;
  if (first.failure().loss == Loss::kAnswerLost && !may_be_repeated(call.method)) return first;

  // A connection that was closed meanwhile shows so at once; silence is no reason to begin again.
  const auto left =
      timeout - std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
  if (left <= timeout / 2) return first;
  Call again = call;
  again.fresh_connection = true;
  connection = take(again);
  return connection ? attempt(again, std::move(connection), left) : first;
}

void SupabaseUpstream::stop() {
  std::vector<Idle> closed;  // closing may write to the network: after the lock
  MutexLock lock(mutex_);
  stopped_ = true;
  closed.swap(idle_);
  for (auto* connection : in_use_) connection->abort();
}

void SupabaseUpstream::abandon_calls() {
  MutexLock lock(mutex_);
  ++abandoned_;
  for (auto* connection : in_use_) connection->abort();
}

Outcome SupabaseUpstream::attempt(const Call& call, std::unique_ptr<Connection> connection,
                                  milliseconds timeout) {
  Outcome outcome = [&] {
    const Use use(*this, *connection);
    const auto deadline =
        std::chrono::steady_clock::now() + timeout + time_for_bytes(call.body.size());
    DeadlineWatch::Entry entry(deadlines_, deadline, [&connection] { connection->abort(); });
    return connection->send(call, prefix_ + call.target, timeout, clock_, [&](std::size_t bytes) {
      entry.extend(deadline + time_for_bytes(bytes));
    });
  }();
  if (outcome.answered()) give_back(std::move(connection));
  return outcome;
}

std::unique_ptr<Connection> SupabaseUpstream::take(const Call& call) {
  const auto oldest = clock_.monotonic() - options_.idle_limit;
  std::vector<Idle> closed;  // closing may write to the network: after the lock
  {
    MutexLock lock(mutex_);
    if (stopped_) return nullptr;
    while (!call.fresh_connection && !idle_.empty()) {
      Idle newest = std::move(idle_.back());
      idle_.pop_back();
      if (newest.since >= oldest && newest.connection->reusable()) {
        return std::move(newest.connection);
      }
      closed.push_back(std::move(newest));
    }
  }
  return std::make_unique<Connection>(origin_, options_);
}

void SupabaseUpstream::give_back(std::unique_ptr<Connection> connection) {
  if (!connection->reusable()) return;
  MutexLock lock(mutex_);
  if (stopped_ || idle_.size() >= kMostIdle) return;
  idle_.push_back({std::move(connection), clock_.monotonic()});
}

}  // namespace holdfast::upstream
