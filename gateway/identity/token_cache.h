#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "gateway/base/mutex.h"
#include "gateway/identity/jwt.h"

namespace holdfast::identity {

// A token whose signature was found good, or that the upstream confirmed.
struct KnownToken {
  explicit KnownToken(Claims its_claims, bool was_made_here = false,
                      std::uint64_t its_key_generation = 0)
      : claims(std::move(its_claims)),
        made_here(was_made_here),
        key_generation(its_key_generation) {}

  const Claims claims;
  const bool made_here;  // signed by this gateway: good for its session, never to be sent
  // The KeySets' when a published key verified it; 0 when something else did.
  const std::uint64_t key_generation;
  std::atomic<bool> remembered{false};   // told to the TokenBook
  std::atomic<bool> claims_told{false};  // told to the Authenticator's observer
};

// Known tokens by their whole text, so that a token that comes again costs one look-up. In memory
// only; times are not judged here.
//
// Holds the last tokens used, 2,048 to 4,096 of them: when a generation is full, the one before
// it is forgotten.
// Thread-safe.
class TokenCache {
 public:
  using Entry = std::shared_ptr<KnownToken>;

  // Null when the token is not known.
  Entry find(std::string_view token);
  void put(std::string_view token, Entry entry);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Generation = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;
  struct Shard {
    Mutex mutex;
    Generation current HF_GUARDED_BY(mutex);
    Generation previous HF_GUARDED_BY(mutex);
  };

  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kPerGeneration = 128;

  static void put_in(Shard& shard, std::string token, Entry entry) HF_REQUIRES(shard.mutex);
  Shard& shard_of(std::string_view token) { return shards_[Hash()(token) % kShards]; }

  std::array<Shard, kShards> shards_;
};

}  // namespace holdfast::identity
