#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/identity/session.h"
#include "gateway/identity/storage.h"

namespace holdfast::identity {

// The sign-ins that came through here, kept sealed in the Storage so that they survive a restart.
//
// Whatever changes one is durable when it returns, blocks for the disk and throws what the disk
// throws; looking up never waits. Thread-safe.
class Sessions {
 public:
  // `seal_key`: see crypto/seal.h. What cannot be opened with it is left where it is and unused.
  // `storage` and `clock` must outlive the Sessions.
  Sessions(Storage& storage, std::string seal_key, const Clock& clock);

  // A new sign-in, or one more answer of a known session when the token's session_id says so.
  Session adopt(const SignIn& answer, const std::string& api_key);
  // What the upstream answered to the refresh of a session; nullopt when it is gone meanwhile.
  std::optional<Session> renew(const std::string& id, const SignIn& answer);
  void keep_user(const std::string& id, std::string user);
  // The upstream refused the session's access token: it counts as run out.
  void expire(const std::string& access_token);
  // It answers nobody any more, and is kept for what it still has to deliver.
  void end(const std::string& id, const std::string& logout_scope);
  void forget(const std::string& id);

  std::optional<Session> find(const std::string& id) const;
  // Living sessions only.
  std::optional<Session> of_app_token(std::string_view token) const;
  std::optional<Session> of_access_token(std::string_view token) const;
  // The living session whose access token this is, or was before it was renewed by this process,
  // and which serves still or did a moment ago: who finds an old one must not be let in by it.
  std::optional<Session> of_recent_token(std::string_view token) const;
  // The newest session of a principal, a living one before an ended one.
  std::optional<Session> newest_of(const std::string& principal_id) const;
  std::vector<Session> ended() const;
  // When the newest of all came from the upstream; nullopt without any.
  std::optional<Timestamp> newest() const;
  std::vector<Session> of_principal(const std::string& principal_id) const;
  // Whether a token of this session_id is refused, because its session ended here.
  bool has_ended(const std::string& id) const;
  // Whether the session is here and has not ended.
  bool lives(const std::string& id) const;

  // Secrets that are kept with the sessions, such as the gateway's own signing key.
  std::optional<std::string> secret(std::string_view name) const;
  void keep_secret(std::string_view name, std::string_view text);

 private:
  struct Kept {
    Session session;
    std::string principal_id;
    std::string earlier_token = {};  // the access token before this one
    Timestamp earlier_expires = {};
  };

  void load();
  Session keep(Session session) HF_REQUIRES(mutex_);
  void drop_oldest(const std::string& newest) HF_REQUIRES(mutex_);

  Storage& storage_;
  const std::string seal_key_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<std::string, Kept> sessions_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::identity
