#pragma once

#include <deque>
#include <optional>
#include <string>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/http/request.h"
#include "gateway/http/response.h"

namespace holdfast::routes {

// One-time links to the dashboard: whoever holds the control token has a code made, which a page of
// this gateway exchanges for the token, once and soon. Only digests of codes are held.
// Thread-safe.
class DashboardAccess {
 public:
  static constexpr std::chrono::minutes kLifetime{5};
  // Codes that are good at the same time; the oldest one goes for one more.
  static constexpr std::size_t kCodes = 8;

  // `clock` must outlive it.
  DashboardAccess(std::string control_token, const Clock& clock);

  // The link, at the gateway's `origin`.
  std::string make_link(const std::string& origin);
  // POST /dashboard/link, for holders of the token: {"url","expires_in_s"}.
  http::Response answer_link(const http::Request& request);
  // POST /dashboard/session with {"code":…}: {"token"}; 401 for a code that is used, old or wrong,
  // 403 for a page of another origin or another machine.
  http::Response open_session(const http::Request& request);

 private:
  struct Code {
    std::string digest;
    MonotonicTime expires;
  };

  std::string issue();
  bool redeem(const std::string& code);

  const std::string token_;
  const Clock& clock_;
  Mutex mutex_;
  std::deque<Code> codes_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::routes
