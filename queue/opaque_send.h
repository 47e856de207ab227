#pragma once

#include "gateway/upstream/upstream.h"
#include "queue/bare_call.h"

namespace holdfast::queue {

// What happens to an opaque entry's key.
enum class Keyed {
  kNo,    // nobody keeps it: after a lost answer a person has to look (hard case 9)
  kHook,  // the companion's hook notes it with the effect: it may be sent again
};

// Sends an opaque entry as its app asked for it. What it gave back is in the verdict; afterwards
// the rows here are behind the upstream's (hard case 16). Blocking.
Receipt send_opaque(upstream::Upstream& upstream, const Sender& sender, const Parcel& parcel,
                    Keyed keyed);

}  // namespace holdfast::queue
