#pragma once

#include <cstdint>
#include <set>
#include <string_view>

#include "queue/delivery.h"

namespace holdfast::queue {

// What the writes of this gateway, whoever made them, have to do with rows whose keys the upstream
// counts: such a row is not what a lost send of another entry has made (hard case 9).
struct OwnKeys {
  std::set<std::int64_t> made;  // the answers have told so
  // An insert of another principal is being sent: any new row may be its.
  bool more_may_come = false;
};

// Of `relation`, with made keys from `first` to `last`. Asked after the rows were read, it leaves
// none out. Blocking; as Delivery.
OwnKeys own_keys(const Sender& sender, std::string_view relation, std::int64_t first,
                 std::int64_t last);

}  // namespace holdfast::queue
