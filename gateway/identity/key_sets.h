#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/identity/jwt.h"
#include "gateway/identity/key_set.h"
#include "gateway/identity/storage.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::identity {

// The published keys of everybody whose tokens are accepted: the upstream's, and those of the
// configured third-party issuers, each bound to its own issuer (hard case 4).
//
// They are kept in the Storage, so that tokens are verified after a start without a network. A set
// is fetched again when it is ten minutes old and a new token comes, or for an unknown `kid`, but
// at most once in five minutes; a fetch that fails leaves what was there.
// Thread-safe.
class KeySets {
 public:
  struct Issuer {
    std::string name;  // the `iss`, plain
    // Its keys are the answer to GET `target` there. Must outlive the KeySets.
    upstream::Upstream* host = nullptr;
    std::string target;
  };

  // `upstream` is the issuer of every token that names none of `issuers`; it is asked with
  // `api_key`. All references must outlive it.
  KeySets(Storage& storage, upstream::Upstream& upstream, const std::string& api_key,
          const std::vector<Issuer>& issuers, const Clock& clock);

  // Never waits.
  KeyVerdict judge(const Jwt& jwt, std::string_view issuer) const;
  // Whether refresh() would ask: `verdict` is what judge() said of the token at hand.
  bool is_due(std::string_view issuer, KeyVerdict verdict) const;
  // Whether the keys are old enough to be asked for again, and nobody does. Never waits.
  bool is_stale(std::string_view issuer) const;
  // Fetches the issuer's keys when that is due, or waits for the fetch under way. Blocks for up to
  // one call.
  void refresh(std::string_view issuer, KeyVerdict verdict);

  // A third-party issuer: what its keys do not verify, nobody else can.
  bool is_third_party(std::string_view issuer) const { return &set_of(issuer) != &sets_.front(); }
  // Whether keys of the issuer were ever read.
  bool has_keys(std::string_view issuer) const;

  // The upstream's JWKS as an app's own request brought it; false when the text is none.
  bool adopt(const std::string& document);
  // The upstream's last JWKS; empty before the first.
  std::string document() const;

  // Changes when a key was taken back: what was verified before is to be verified anew.
  std::uint64_t generation() const { return generation_; }

 private:
  struct Set {
    Issuer issuer;
    std::string storage_name;
    upstream::Call call;
    std::shared_ptr<const KeySet> keys = std::make_shared<KeySet>();
    std::string document = {};
    std::optional<MonotonicTime> asked = {};
    std::optional<MonotonicTime> received = {};
    bool sent = true;  // the last question reached its host
    bool asking = false;
  };

  struct Asking;

  std::size_t index_of(std::string_view issuer) const;
  const Set& set_of(std::string_view issuer) const { return sets_[index_of(issuer)]; }
  bool due(const Set& set, KeyVerdict verdict) const HF_REQUIRES(mutex_);
  // False when the document is no JWKS.
  bool take(Set& set, const std::string& document);

  Storage& storage_;
  const Clock& clock_;
  std::atomic<std::uint64_t> generation_{1};
  mutable Mutex mutex_;
  Condition asked_;
  // The upstream's first. Only the fields after `call` change, under mutex_.
  std::vector<Set> sets_;
};

}  // namespace holdfast::identity
