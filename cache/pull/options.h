#pragma once

#include <chrono>

namespace holdfast::cache {

struct PullOptions {
  // Time between two pulls of a principal; a write's acknowledgement and POST /sync pull at once.
  std::chrono::milliseconds interval{15'000};
  // How far behind its cursor a pull reads again: longer than the longest upstream write
  // transaction, or rows that commit late are missed until the next key diff.
  std::chrono::milliseconds overlap{60'000};
  // Every n-th pull compares all keys, which finds hard deletes and lost or gained permissions.
  int key_diff_every = 20;
  // How often every value of a table is compared, not only keys and stamps: apps send stamps of
  // their own, and a transaction can be open for longer than any overlap.
  std::chrono::milliseconds scrub = std::chrono::hours(24);
  // Whether the upstream's Realtime service, where it has one, tells when there is something to
  // pull, beside the interval.
  bool realtime = true;
  // How long a row that is marked as deleted stays here ([tables.NAME] deleted_at_column).
  std::chrono::milliseconds tombstones = std::chrono::hours(30 * 24);
  // Tables that are read at the same time in an initial sync.
  int parallel_tables = 4;
  // Changes of the companion's log that are asked for at a time, and applied as one transaction
  // here; a larger transaction of the upstream shows as tables to compare.
  int window_changes = 500;
  // Rows asked for in one page; the upstream's own max_rows may give fewer.
  int page_rows = 1000;
};

}  // namespace holdfast::cache
