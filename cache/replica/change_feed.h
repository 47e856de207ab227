#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cache/replica/store.h"

namespace holdfast::cache {

// One row as it is here now, or the tombstone of one that went.
struct FeedChange {
  const Table* table;
  std::string key;         // key_of()
  std::optional<Row> row;  // nullopt: it is gone
  bool fresh = false;      // it came into being behind the page's cursor
};

struct FeedPage {
  std::vector<FeedChange> changes;  // in the order in which they came; of a row the newest only
  std::string cursor;               // for the page that follows
  bool more = false;
};

// The changes of one replica in order, for those who follow it in their turn: pulled ones and own
// writes, tombstones included.
//
// Nothing is recorded before somebody follows: the first call of all makes triggers on the
// replica's tables. A follower without a cursor is given all rows first. When a table has come
// since, or was made anew, every follower begins again. Thread-safe, but for a Store one call at a
// time makes triggers.
class ChangeFeed {
 public:
  // How long changes are told of; who comes later begins again.
  static constexpr std::chrono::hours kKept{30 * 24};

  explicit ChangeFeed(Store& store) : store_(store) {}

  // nullopt: the cursor is none of this feed's, or older than its oldest tombstone that went. At
  // most `most` changes.
  std::optional<FeedPage> page(const std::string& cursor, std::size_t most);

  // The cursor of now: what follows it are changes that are still to come.
  std::string now();

  // Forgets changes from before `time`: a follower that has not come since has to begin again.
  void forget(Timestamp time);

 private:
  void follow_tables();
  FeedPage snapshot_page(std::int64_t start, std::size_t table, std::int64_t after,
                         std::size_t most);
  FeedPage changes_page(std::int64_t after, std::size_t most);
  std::vector<const Table*> tables() const;

  Store& store_;
};

// Nobody can go on from what was told before: the rows have gone from here, and not upstream.
void forget_feed(Transaction& transaction);

}  // namespace holdfast::cache
