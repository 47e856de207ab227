#pragma once

#include <vector>

#include "cache/replica/overlay.h"
#include "queue/entry.h"

namespace holdfast::queue {

// `entry` was acknowledged with `images`: real ids take the place of its temporary ones, in rows
// and effects, and in the requests of the entries that name them. Without the ids its rows go, and
// `images` says so.
void put_real_ids(cache::Transaction& transaction, cache::Overlay& overlay, const Entry& entry,
                  std::vector<cache::UpstreamImage>& images);

}  // namespace holdfast::queue
