#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/replica/overlay.h"
#include "queue/entry.h"
#include "queue/verdict.h"

namespace holdfast::upstream {
class Upstream;
}

// Hard case 7: what a trigger of one's own write makes of the rows that it refers to (the number of
// a document's comments, an article's stock) is no change of somebody else's; nor what a function
// does that one has called.
namespace holdfast::queue {

struct Parcel;
struct Sender;

struct WatchedRow {
  const cache::Table* table;
  std::string key;
};

// The rows that the entry refers to, or has made its own rows refer to no more, and that other
// pending writes are based on; none where no trigger runs after the entry's own rows are written.
// Of a call all that later writes are based on, the first thousand. One thread at a time: whoever
// holds the Database.
std::vector<WatchedRow> touchable_rows(cache::Database& database, const cache::Overlay& overlay,
                                       const Entry& entry);

// They, and the own rows of an upsert that later pending writes are based on: what its answer shows
// in columns that it does not name may be its triggers' doing, or have been there before. The first
// two hundred.
// One thread at a time: whoever holds the Database.
std::vector<WatchedRow> watched_rows(cache::Database& database, const cache::Overlay& overlay,
                                     const Entry& entry);

// Rows as the "watch" of a companion's event.
std::string watch_of(const std::vector<WatchedRow>& rows);

// Rows as they were seen, one for each watched row in their order; nullopt: not there, or not
// seen.
using SeenWatched = std::vector<std::optional<cache::Row>>;

// In the companion's words, a JSON array of {"row": …}. Empty where it is none of as many rows.
SeenWatched seen_by_companion(const std::vector<WatchedRow>& rows, const std::string& list);

// As the principal sees them now, in as few requests as may be. Blocking.
SeenWatched see_watched(upstream::Upstream& upstream, const Sender& sender, const Parcel& parcel);

// What has become of them between two looks. A row that came or went is left out.
std::vector<TouchedRow> touched_rows(const std::vector<WatchedRow>& rows, const SeenWatched& before,
                                     const SeenWatched& after);

}  // namespace holdfast::queue
