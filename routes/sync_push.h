#pragma once

#include <memory>

#include "cache/replica/store.h"
#include "gateway/http/request.h"
#include "gateway/http/response.h"
#include "routes/context.h"
#include "routes/rest.h"

namespace holdfast::routes {

// POST /sync/push: a batch of events, each one's own request of REST, by the batch's headers. What
// they say goes on digit by digit. One event after the other: a later one may build on an earlier
// one.
// Thread-safe.
class SyncPush {
 public:
  // Both must outlive it.
  SyncPush(const Context& context, const Rest& rest) : context_(context), rest_(rest) {}

  void take(const http::Request& request, std::shared_ptr<cache::Store> store,
            const http::Respond& respond) const;

 private:
  struct Batch;

  void next_event(const std::shared_ptr<Batch>& batch) const;

  const Context& context_;
  const Rest& rest_;
};

}  // namespace holdfast::routes
