#pragma once

#include <map>
#include <string>

#include "gateway/base/mutex.h"
#include "gateway/identity/session_refresher.h"
#include "gateway/identity/sessions.h"
#include "gateway/identity/token_book.h"
#include "gateway/upstream/credentials.h"

namespace holdfast::identity {

// The newest token of each principal: as its own requests brought it, else of its session, which
// is refreshed when its token has run out. So what was queued goes out after a restart, and after
// the app has gone. Who refuses one new token after the other is asked for one seldom.
// Thread-safe; credentials_for blocks for up to one call.
class SessionCredentials final : public upstream::CredentialSource {
 public:
  // All must outlive it.
  SessionCredentials(TokenBook& book, Sessions& sessions, SessionRefresher& refresher,
                     const Clock& clock)
      : book_(book), sessions_(sessions), refresher_(refresher), clock_(clock) {}

  std::optional<upstream::Credentials> credentials_for(const http::Principal& principal) override;
  void refuse(const http::Principal& principal, const upstream::Credentials& refused) override;

 private:
  // Whether a token was refused that had just been fetched in the place of a refused one.
  bool rests(const Session& session) const;
  void note_renewal(const Session& refused);

  TokenBook& book_;
  Sessions& sessions_;
  SessionRefresher& refresher_;
  const Clock& clock_;
  mutable Mutex mutex_;
  // When each session had its last refused token renewed.
  std::map<std::string, MonotonicTime> renewals_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::identity
