#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/http/principal.h"
#include "gateway/identity/options.h"

namespace holdfast::identity {

// The newest credentials of each principal, to be stamped on what is sent for it later. In memory
// only: after a restart a user's entries wait until it comes again.
// Thread-safe.
class TokenBook {
 public:
  // Told which principal has credentials now and had none before, or with other claims.
  using Observer = std::function<void(const std::string& principal_id)>;

  // The configured keys serve the anonymous and the service principal from the start.
  explicit TokenBook(const IdentityOptions& options);

  // `observer` is called without a lock, on the thread of the request: an I/O thread.
  void observe(Observer observer);

  // Keeps the caller's credentials unless it has some that last longer (by `exp`, then `issued`).
  void remember(const http::Caller& caller, std::optional<Timestamp> issued, Timestamp now);

  // The principal with unexpired credentials; nullopt when it has none: its entries are held.
  std::optional<http::Caller> caller_for(const std::string& principal_id, Timestamp now) const;

  // Drops a user's `bearer` after the upstream refused it; a newer token stays, and so do keys.
  void forget(const std::string& principal_id, const std::string& bearer);

 private:
  struct Page {
    http::Caller caller;
    std::optional<Timestamp> issued;
  };

  static bool outlasts(const Page& a, const Page& b);
  static bool lasting(const Page& page, Timestamp now);

  mutable Mutex mutex_;
  std::unordered_map<std::string, Page> pages_ HF_GUARDED_BY(mutex_);
  std::vector<Observer> observers_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::identity
