#pragma once

#include <string>
#include <vector>

#include "cache/replica/overlay.h"
#include "queue/entry.h"
#include "queue/verdict.h"

// Hard case 7: what a trigger of one's own write makes of the rows that it refers to (the number of
// a document's comments, an article's stock) is no change of somebody else's.
namespace holdfast::queue {

struct ReferencedRow {
  const cache::Table* table;
  std::string key;
};

// The rows that the entry refers to and that other pending writes are based on; none where no
// trigger runs after the entry's own rows are written. One thread at a time: whoever holds the
// Database.
std::vector<ReferencedRow> touchable_rows(cache::Database& database, const cache::Overlay& overlay,
                                          const Entry& entry);

// They as the "watch" of a companion's event.
std::string watch_of(const std::vector<ReferencedRow>& rows);

// What the companion saw of them just before and after the event: JSON arrays of {"row": …}, in
// their order. A row that came or went is left out.
std::vector<TouchedRow> touched_rows(const std::vector<ReferencedRow>& rows,
                                     const std::string& before, const std::string& after);

}  // namespace holdfast::queue
