#include "gateway/identity/key_sets.h"

#include <utility>

#include "gateway/identity/key_source.h"

namespace holdfast::identity {
namespace {

using namespace std::chrono_literals;

constexpr const char* kUpstreamName = "document:jwks";
constexpr const char* kUpstreamTarget = "/auth/v1/.well-known/jwks.json";
constexpr auto kLeastBetweenFetches = 5min;
// What issuers let caches keep the document for (max-age=600).
constexpr auto kFresh = 10min;
// A host that was not reached is asked soon again: without any key nobody of the issuer gets in,
// and one may have been taken back meanwhile.
constexpr auto kUnreachedPause = 10s;
constexpr auto kUnreachedPauseWithKeys = 1min;

upstream::Call call_for(const std::string& target, const std::string& api_key) {
  upstream::Call call;
  call.target = target;
  call.headers.add("Accept", "application/json");
  if (!api_key.empty()) call.headers.add("apikey", api_key);
  return call;
}

}  // namespace

// Lets the others go on, whatever became of the fetch.
struct KeySets::Asking {
  KeySets& owner;
  Set& set;
  bool sent = false;

  ~Asking() {
    {
      MutexLock lock(owner.mutex_);
      set.sent = sent;
      set.asking = false;
    }
    owner.asked_.notify_all();
  }
};

KeySets::KeySets(Storage& storage, upstream::Upstream& upstream, const std::string& api_key,
                 const std::vector<Issuer>& issuers, const Clock& clock)
    : storage_(storage), clock_(clock) {
  sets_.push_back(
      {{"", &upstream, kUpstreamTarget}, kUpstreamName, call_for(kUpstreamTarget, api_key)});
  for (const Issuer& issuer : issuers) {
    sets_.push_back({issuer, "jwks:" + issuer.name, call_for(issuer.target, "")});
  }
  for (Set& set : sets_) {
    set.document = storage_.get(set.storage_name).value_or("");
    if (auto keys = KeySet::parse(set.document)) {
      set.keys = std::make_shared<const KeySet>(*std::move(keys));
    }
  }
}

std::size_t KeySets::index_of(std::string_view issuer) const {
  const auto plain = plain_issuer(issuer);
  for (std::size_t i = 1; i < sets_.size(); ++i) {
    if (sets_[i].issuer.name == plain) return i;
  }
  return 0;
}

KeyVerdict KeySets::judge(const Jwt& jwt, std::string_view issuer) const {
  std::shared_ptr<const KeySet> keys;
  {
    MutexLock lock(mutex_);
    keys = set_of(issuer).keys;
  }
  return keys->verify(jwt);
}

bool KeySets::is_due(std::string_view issuer, KeyVerdict verdict) const {
  MutexLock lock(mutex_);
  const Set& set = set_of(issuer);
  return set.asking || due(set, verdict);
}

bool KeySets::is_stale(std::string_view issuer) const {
  MutexLock lock(mutex_);
  return due(set_of(issuer), KeyVerdict::kGood);
}

bool KeySets::due(const Set& set, KeyVerdict verdict) const {
  const auto now = clock_.monotonic();
  MonotonicTime::duration pause = kLeastBetweenFetches;
  if (!set.sent) pause = set.keys->empty() ? kUnreachedPause : kUnreachedPauseWithKeys;
  if (set.asked && now - *set.asked < pause) return false;
  return verdict == KeyVerdict::kUnknown || !set.received || now - *set.received >= kFresh;
}

void KeySets::refresh(std::string_view issuer, KeyVerdict verdict) {
  Set& set = sets_[index_of(issuer)];
  {
    MutexLock lock(mutex_);
    if (set.asking) {
      while (set.asking) asked_.wait(mutex_);
      return;
    }
    if (!due(set, verdict)) return;
    set.asking = true;
    set.asked = clock_.monotonic();
  }
  Asking asking{*this, set};
  const auto outcome = set.issuer.host->call(set.call);
  asking.sent = outcome.answered() || outcome.failure().loss != upstream::Loss::kNotSent;
  if (outcome.answered() && outcome.answer().status == 200) take(set, outcome.answer().body);
}

bool KeySets::take(Set& set, const std::string& document) {
  auto parsed = KeySet::parse(document);
  if (!parsed) return false;
  storage_.put(set.storage_name, document);
  auto keys = std::make_shared<const KeySet>(*std::move(parsed));
  MutexLock lock(mutex_);
  if (!keys->includes(*set.keys)) ++generation_;
  set.keys = std::move(keys);
  set.document = document;
  set.received = clock_.monotonic();
  return true;
}

bool KeySets::has_keys(std::string_view issuer) const {
  MutexLock lock(mutex_);
  return !set_of(issuer).keys->empty();
}

bool KeySets::adopt(const std::string& document) { return take(sets_.front(), document); }

std::string KeySets::document() const {
  MutexLock lock(mutex_);
  return sets_.front().document;
}

}  // namespace holdfast::identity
