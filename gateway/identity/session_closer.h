#pragma once

#include <functional>
#include <string>

#include "gateway/identity/session_keeper.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::identity {

// Signs sessions out at the upstream that the app has ended here: last, when nothing of their
// principal waits to be sent any more, or after `deliver_after_logout` (hard case 2).
// `pending` says whether a principal has such writes. Blocks for up to two calls a session.
void close_ended_sessions(SessionKeeper& keeper, upstream::Upstream& upstream,
                          const std::function<bool(const std::string& principal_id)>& pending,
                          const Clock& clock);

}  // namespace holdfast::identity
