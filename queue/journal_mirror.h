#pragma once

#include <optional>
#include <string>

#include "gateway/upstream/credentials.h"
#include "gateway/upstream/upstream.h"
#include "queue/journal.h"

namespace holdfast::queue {

// What the upstream's companion keeps of a journal's end (hard case 25), so that nobody who has the
// whole machine can cut off its newest records unseen.
struct Mirrored {
  bool kept = false;  // false: it could not be asked, or has no companion
  // A later or another head was kept before: the journal here has lost its end, or was replaced.
  std::optional<JournalHead> ahead;
};

// Keeps `head` there as that of this `device` and the credentials' principal; blocking.
Mirrored mirror_head(upstream::Upstream& upstream, const upstream::Credentials& credentials,
                     const std::string& device, const JournalHead& head);

}  // namespace holdfast::queue
