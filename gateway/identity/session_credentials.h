#pragma once

#include "gateway/identity/session_refresher.h"
#include "gateway/identity/sessions.h"
#include "gateway/identity/token_book.h"
#include "gateway/upstream/credentials.h"

namespace holdfast::identity {

// The newest token of each principal: as its own requests brought it, else of its session, which
// is refreshed when its token has run out. So what was queued goes out after a restart, and after
// the app has gone.
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
  TokenBook& book_;
  Sessions& sessions_;
  SessionRefresher& refresher_;
  const Clock& clock_;
};

}  // namespace holdfast::identity
