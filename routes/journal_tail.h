#pragma once

#include <functional>
#include <map>
#include <string>

#include "cache/replica/stores.h"
#include "gateway/base/clock.h"
#include "queue/insight.h"

namespace holdfast::routes {

// Follows the journals of all principals from the moment of its making: every change of the queue
// is there, whatever code made it.
// One thread at a time.
class JournalTail {
 public:
  // `stores` must outlive it.
  JournalTail(cache::Stores& stores, Timestamp from) : stores_(stores), from_(from) {}

  using Visitor =
      std::function<void(const std::string& principal, const queue::JournalRecord& record)>;
  // Gives each record that was sealed since the last call to `visit`, by principal and in order.
  // Waits for the disk.
  void advance(const Visitor& visit);

 private:
  cache::Stores& stores_;
  const Timestamp from_;
  std::map<std::string, std::int64_t> seen_;  // the newest number, by principal
};

}  // namespace holdfast::routes
