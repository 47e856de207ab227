#include "gateway/identity/token_cache.h"

#include <utility>

namespace holdfast::identity {

TokenCache::Entry TokenCache::find(std::string_view token) {
  Shard& shard = shard_of(token);
  MutexLock lock(shard.mutex);
  if (const auto found = shard.current.find(token); found != shard.current.end()) {
    return found->second;
  }
  const auto found = shard.previous.find(token);
  if (found == shard.previous.end()) return nullptr;
  Entry entry = found->second;
  auto node = shard.previous.extract(found);
  put_in(shard, std::move(node.key()), entry);
  return entry;
}

void TokenCache::put(std::string_view token, Entry entry) {
  Shard& shard = shard_of(token);
  MutexLock lock(shard.mutex);
  put_in(shard, std::string(token), std::move(entry));
}

void TokenCache::put_in(Shard& shard, std::string token, Entry entry) {
  if (shard.current.size() >= kPerGeneration) {
    shard.previous = std::exchange(shard.current, {});
  }
  shard.current.insert_or_assign(std::move(token), std::move(entry));
}

}  // namespace holdfast::identity
