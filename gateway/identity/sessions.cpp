#include "gateway/identity/sessions.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "gateway/base/ids.h"
#include "gateway/crypto/base64.h"
#include "gateway/crypto/random.h"
#include "gateway/crypto/seal.h"
#include "gateway/identity/jwt.h"

namespace holdfast::identity {
namespace {

constexpr std::string_view kPrefix = "session:";
constexpr std::string_view kSecretPrefix = "secret:";
// Apps that never sign out leave sessions behind; of people who have several the one that was
// renewed longest ago goes.
constexpr std::size_t kMostSessions = 500;
// A request that was let in may take so long to go out.
constexpr auto kOnItsWay = std::chrono::seconds(30);

std::string name_of(const std::string& id) { return std::string(kPrefix) + id; }

// Told from an upstream's refresh token at a glance.
std::string new_app_token() { return "hfr_" + crypto::base64url_encode(crypto::random_bytes(24)); }

std::string session_id_of(const std::string& access_token) {
  const auto jwt = parse_jwt(access_token);
  if (!jwt) return "";
  const auto claims = read_claims(jwt->payload);
  return claims ? claims->session_id : "";
}

void take_over(Session& session, const SignIn& answer, Timestamp now) {
  session.access_token = answer.access_token;
  session.refresh_token = answer.refresh_token;
  session.lifetime = answer.lifetime;
  session.received_at = now;
  if (answer.user != "{}") session.user = answer.user;
}

}  // namespace

Sessions::Sessions(Storage& storage, std::string seal_key, const Clock& clock)
    : storage_(storage), seal_key_(std::move(seal_key)), clock_(clock) {
  load();
}

void Sessions::load() {
  MutexLock lock(mutex_);
  for (const auto& [name, sealed] : storage_.all(kPrefix)) {
    const auto bytes = crypto::base64_decode(sealed);
    const auto text = bytes ? crypto::open(seal_key_, *bytes, name) : std::nullopt;
    auto session = text ? read_session(*text) : std::nullopt;
    if (!session) continue;
    const std::string id = session->id;
    std::string principal = session->principal().id;
    sessions_.insert_or_assign(id, Kept{*std::move(session), std::move(principal)});
  }
}

Session Sessions::keep(Session session) {
  const std::string name = name_of(session.id);
  storage_.put(name, crypto::base64_encode(crypto::seal(seal_key_, print_session(session), name)));
  Kept kept{session, session.principal().id};
  const auto known = sessions_.find(session.id);
  if (known != sessions_.end()) {
    const Kept& before = known->second;
    const bool renewed = before.session.access_token != session.access_token;
    kept.earlier_token = renewed ? before.session.access_token : before.earlier_token;
    kept.earlier_expires = renewed ? before.session.expires() : before.earlier_expires;
  }
  sessions_.insert_or_assign(session.id, std::move(kept));
  drop_oldest(session.id);
  return session;
}

void Sessions::drop_oldest(const std::string& newest) {
  if (sessions_.size() <= kMostSessions) return;
  std::map<std::string, int> of_principal;
  for (const auto& [id, kept] : sessions_) ++of_principal[kept.principal_id];
  // The last one of a person delivers what that person wrote (hard case 2).
  const auto rank = [&](const auto& session) {
    const auto& [id, kept] = session;
    return std::tuple(id == newest, of_principal[kept.principal_id] == 1, kept.session.received_at);
  };
  const auto oldest =
      std::min_element(sessions_.begin(), sessions_.end(),
                       [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  storage_.erase(name_of(oldest->first));
  sessions_.erase(oldest);
}

Session Sessions::adopt(const SignIn& answer, const std::string& api_key) {
  MutexLock lock(mutex_);
  std::string id = session_id_of(answer.access_token);
  if (id.empty()) id = new_uuid();
  const auto known = sessions_.find(id);
  Session session = known != sessions_.end() ? known->second.session : Session();
  if (session.app_token.empty()) session.app_token = new_app_token();
  session.id = std::move(id);
  session.api_key = api_key;
  session.user = "{}";
  session.ended_at.reset();
  take_over(session, answer, clock_.now());
  return keep(std::move(session));
}

std::optional<Session> Sessions::renew(const std::string& id, const SignIn& answer) {
  MutexLock lock(mutex_);
  const auto known = sessions_.find(id);
  if (known == sessions_.end()) return std::nullopt;
  Session session = known->second.session;
  take_over(session, answer, clock_.now());
  return keep(std::move(session));
}

void Sessions::keep_user(const std::string& id, std::string user) {
  MutexLock lock(mutex_);
  const auto known = sessions_.find(id);
  if (known == sessions_.end() || known->second.session.user == user) return;
  Session session = known->second.session;
  session.user = std::move(user);
  keep(std::move(session));
}

void Sessions::expire(const std::string& access_token) {
  MutexLock lock(mutex_);
  for (auto& [id, kept] : sessions_) {
    if (kept.session.access_token == access_token) kept.session.lifetime = {};
  }
}

void Sessions::end(const std::string& id, const std::string& logout_scope) {
  MutexLock lock(mutex_);
  const auto known = sessions_.find(id);
  if (known == sessions_.end() || known->second.session.ended_at) return;
  Session session = known->second.session;
  session.ended_at = clock_.now();
  session.logout_scope = logout_scope;
  keep(std::move(session));
}

void Sessions::forget(const std::string& id) {
  MutexLock lock(mutex_);
  if (sessions_.erase(id) > 0) storage_.erase(name_of(id));
}

std::optional<Session> Sessions::find(const std::string& id) const {
  MutexLock lock(mutex_);
  const auto known = sessions_.find(id);
  if (known == sessions_.end()) return std::nullopt;
  return known->second.session;
}

std::optional<Session> Sessions::of_app_token(std::string_view token) const {
  MutexLock lock(mutex_);
  for (const auto& [id, kept] : sessions_) {
    if (kept.session.app_token == token && !kept.session.ended_at) return kept.session;
  }
  return std::nullopt;
}

std::optional<Session> Sessions::of_access_token(std::string_view token) const {
  MutexLock lock(mutex_);
  for (const auto& [id, kept] : sessions_) {
    if (kept.session.access_token == token && !kept.session.ended_at) return kept.session;
  }
  return std::nullopt;
}

std::optional<Session> Sessions::of_recent_token(std::string_view token) const {
  MutexLock lock(mutex_);
  const auto now = clock_.now();
  for (const auto& [id, kept] : sessions_) {
    const bool newest = kept.session.access_token == token;
    if ((!newest && kept.earlier_token != token) || kept.session.ended_at) continue;
    const auto expires = newest ? kept.session.expires() : kept.earlier_expires;
    if (now < expires + kOnItsWay) return kept.session;
  }
  return std::nullopt;
}

std::optional<Session> Sessions::newest_of(const std::string& principal_id) const {
  MutexLock lock(mutex_);
  const Session* newest = nullptr;
  const auto rank = [](const Session& session) {
    return std::pair(!session.ended_at, session.received_at);
  };
  for (const auto& [id, kept] : sessions_) {
    if (kept.principal_id != principal_id) continue;
    if (newest == nullptr || rank(kept.session) > rank(*newest)) newest = &kept.session;
  }
  if (newest == nullptr) return std::nullopt;
  return *newest;
}

std::optional<Timestamp> Sessions::newest() const {
  MutexLock lock(mutex_);
  std::optional<Timestamp> newest;
  for (const auto& [id, kept] : sessions_) {
    if (!newest || kept.session.received_at > *newest) newest = kept.session.received_at;
  }
  return newest;
}

std::vector<Session> Sessions::ended() const {
  MutexLock lock(mutex_);
  std::vector<Session> found;
  for (const auto& [id, kept] : sessions_) {
    if (kept.session.ended_at) found.push_back(kept.session);
  }
  return found;
}

bool Sessions::has_ended(const std::string& id) const {
  MutexLock lock(mutex_);
  const auto known = sessions_.find(id);
  return known != sessions_.end() && known->second.session.ended_at.has_value();
}

std::vector<Session> Sessions::of_principal(const std::string& principal_id) const {
  MutexLock lock(mutex_);
  std::vector<Session> found;
  for (const auto& [id, kept] : sessions_) {
    if (kept.principal_id == principal_id) found.push_back(kept.session);
  }
  return found;
}

bool Sessions::lives(const std::string& id) const {
  MutexLock lock(mutex_);
  const auto known = sessions_.find(id);
  return known != sessions_.end() && !known->second.session.ended_at;
}

std::optional<std::string> Sessions::secret(std::string_view name) const {
  const std::string full = std::string(kSecretPrefix) + std::string(name);
  const auto sealed = storage_.get(full);
  const auto bytes = sealed ? crypto::base64_decode(*sealed) : std::nullopt;
  return bytes ? crypto::open(seal_key_, *bytes, full) : std::nullopt;
}

void Sessions::keep_secret(std::string_view name, std::string_view text) {
  const std::string full = std::string(kSecretPrefix) + std::string(name);
  storage_.put(full, crypto::base64_encode(crypto::seal(seal_key_, text, full)));
}

}  // namespace holdfast::identity
