#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cache/replica/mutation.h"
#include "gateway/http/response.h"
#include "routes/media_type.h"
#include "routes/preferences.h"

namespace holdfast::routes {

// The rows that a mutation is asked to give back: fewer than it has changed where an !inner embed
// leaves some out.
struct Representation {
  std::string body;
  std::int64_t rows = 0;
};

// What PostgREST answers to a mutation that succeeded. `outbox_id` is the first entry's, empty when
// nothing had to be queued.
http::Response write_answer(const cache::Mutation& mutation, const cache::Changes& changes,
                            const Preferences& preferences, const MediaType& media,
                            std::optional<Representation> representation,
                            const std::string& outbox_id, bool standalone);

}  // namespace holdfast::routes
