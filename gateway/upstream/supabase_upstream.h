#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/upstream/deadline_watch.h"
#include "gateway/upstream/options.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::upstream {

class Connection;

// The real upstream, over HTTP/1.1 on a pool of kept-alive connections.
//
// Targets and bodies arrive byte for byte as given, redirects are not followed and nothing is
// decompressed. TLS certificates are always verified. A kept-alive connection is used again only
// if it is young and silent; GET and HEAD are tried once more on a new one when it died anyway,
// other methods only when the request was surely not delivered. The timeout covers the whole call,
// connecting and the answer's last byte included, and each wait for more of it; a large body has
// time to be sent besides. Name resolution takes as long as the system does.
// Ignores SIGPIPE for the process.
// Thread-safe.
class SupabaseUpstream final : public Upstream {
 public:
  // `clock` must outlive it. An ill-formed URL is a fault: std::invalid_argument.
  SupabaseUpstream(UpstreamOptions options, const Clock& clock);
  ~SupabaseUpstream() override;

  Outcome call(const Call& call) override;
  void stop() override;
  // Ends the calls under way as lost: the upstream is known not to answer them. They fail for the
  // reason of the latest that failed by itself. Later ones are tried.
  void abandon_calls();

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    MonotonicTime since;
  };
  class Use;

  std::unique_ptr<Connection> take(const Call& call);
  void give_back(std::unique_ptr<Connection> connection);
  // The call, once more where its connection was closed meanwhile.
  Outcome carry_out(const Call& call);
  Outcome attempt(const Call& call, std::unique_ptr<Connection> connection,
                  std::chrono::milliseconds timeout);

  const UpstreamOptions options_;
  const Clock& clock_;
  std::string origin_;  // scheme, host and port
  std::string prefix_;  // path before each target, without a slash at its end

  std::atomic<int> abandoned_{0};  // how often

  Mutex mutex_;
  std::vector<Idle> idle_ HF_GUARDED_BY(mutex_);  // the most recently used last
  std::vector<Connection*> in_use_ HF_GUARDED_BY(mutex_);
  bool stopped_ HF_GUARDED_BY(mutex_) = false;
  std::string last_failure_ HF_GUARDED_BY(mutex_);  // empty since an answer

  DeadlineWatch deadlines_;
};

}  // namespace holdfast::upstream
