#pragma once

#include <optional>
#include <string>

#include "cache/replica/store.h"
#include "gateway/base/clock.h"

// The Idempotency-Keys of apps whose requests were forwarded, and not queued: that of a queued one
// is its entry's (hard case 10). A request that was under way in a crash stays one without an
// answer.
//
// One thread at a time: whoever holds the Database or Transaction passed in.
namespace holdfast::queue {

struct ForwardedRequest {
  std::string request;                // what makes it the same one
  std::optional<std::string> answer;  // nullopt: none has come
};

std::optional<ForwardedRequest> find_forwarded(cache::Database& database,
                                               const std::string& app_key);

// Before it is sent; `request` tells it from others under the same key.
void note_forwarding(cache::Transaction& transaction, const std::string& app_key,
                     const std::string& request, Timestamp now);
// What its app hears, also when it repeats it.
void keep_forwarded_answer(cache::Transaction& transaction, const std::string& app_key,
                           const std::string& answer);
// It surely had no effect: the key is free again.
void free_forwarded_key(cache::Transaction& transaction, const std::string& app_key);

// Those from before `before`; of those without an answer only what is a month older.
void forget_forwarded(cache::Transaction& transaction, Timestamp before);

}  // namespace holdfast::queue
