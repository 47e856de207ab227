#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/identity/sessions.h"
#include "gateway/identity/token_book.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::identity {

// Renews sessions at the upstream, one call for a session at a time: two refreshes with one token
// would make the upstream revoke the session. The rotated token is durable before anybody sees
// the answer, and the TokenBook gets the new access token.
// Thread-safe.
class SessionRefresher {
 public:
  // The session as it is now; or the upstream's refusal, after which the session is forgotten; or
  // why nothing came of it, in which case the session stays as it was.
  struct Refused {
    upstream::Answer answer;
  };
  struct Unavailable {
    std::string reason;
  };
  using Outcome = std::variant<Session, Refused, Unavailable>;

  // All must outlive the refresher.
  SessionRefresher(Sessions& sessions, upstream::Upstream& upstream, TokenBook& book,
                   const Clock& clock)
      : sessions_(sessions), upstream_(upstream), book_(book), clock_(clock) {}

  // A new access token. One of a refresh within the last ten seconds, in which the upstream too
  // gives the same session again (GoTrue's reuse interval), is new enough, unless it is half over.
  // Blocks for up to one call.
  Outcome refresh(const std::string& id);
  // An access token that has not run out; the upstream is asked only when it has.
  Outcome current(const std::string& id);
  // The same, and it is not asked again for a moment after it gave no answer: for requests, of
  // which many come at once.
  Outcome current_for_request(const std::string& id);

  // See Sessions::of_recent_token().
  std::optional<Session> session_of(std::string_view token) const {
    return sessions_.of_recent_token(token);
  }

 private:
  struct Turn {
    Mutex mutex;
    std::optional<MonotonicTime> refreshed HF_GUARDED_BY(mutex);
    // Of the last call without an answer that helped.
    std::optional<MonotonicTime> failed HF_GUARDED_BY(mutex);
    MonotonicTime::duration took HF_GUARDED_BY(mutex) = {};
    std::string reason HF_GUARDED_BY(mutex);
  };
  enum class Patience { kOwn, kAfterFailure };

  Outcome current(const std::string& id, Patience patience);

  // Asks the upstream when it is this session's turn and `good` does not hold then. Who waited for
  // a turn that failed has its outcome, and so has whoever has kAfterFailure soon afterwards.
  Outcome refresh_unless(const std::string& id, Patience patience,
                         const std::function<bool(const Session&, bool just_refreshed)>& good);
  Outcome ask(const Session& session);
  std::shared_ptr<Turn> turn_of(const std::string& id);

  Sessions& sessions_;
  upstream::Upstream& upstream_;
  TokenBook& book_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<Turn>> turns_ HF_GUARDED_BY(mutex_);
};

// Whether an answer to a refresh says that the session is over: only one that looks like GoTrue's
// does (hard case 11).
bool refuses_refresh(int status, std::string_view body);

// Tells the book of a session's access token.
void remember(TokenBook& book, const Session& session, Timestamp now);

}  // namespace holdfast::identity
