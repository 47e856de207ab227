#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/catalog/table.h"
#include "cache/replica/row.h"

namespace holdfast::cache {

enum class EffectKind : int {
  kInsert = 1,        // the row appears; where the upstream has it already, `changes` win
  kInsertIgnore = 2,  // the row appears unless it is there
  kUpdate = 3,        // `changes` win; nothing where the row is not there
  kDelete = 4,
};

// What an outbox entry does to one row.
struct Effect {
  std::string relation;  // relation_of() its table
  std::string key;       // key_of() the row
  EffectKind kind = EffectKind::kUpdate;
  std::string changes = "{}";                // JSON object of the columns that the request names
  std::string row = {};                      // inserts: print_row() of the row as computed here
  std::optional<Row> values = std::nullopt;  // `row` itself, where its maker has it at hand
  // The upstream does it by itself as a consequence of the others (on delete cascade, set null).
  bool consequence = false;
  // The upstream's image when the entry was made, or after an own earlier entry on the row had
  // ended; nullopt = the row was not there. Filled in by the Overlay.
  std::optional<std::string> base = std::nullopt;
  // Its place among the entry's; there may be gaps. Filled in by the Overlay.
  std::int64_t ordinal = 0;
};

// What of an image others may have written, beside what an own write made of it.
enum class Others {
  kNone,     // nothing: it is the answer to the write itself
  kUnnamed,  // what the write does not name: the row may have been there before
  kAll,      // it was read later
};

// A row's upstream image after an entry's acknowledgement; nullopt = the row is not there.
struct UpstreamImage {
  const Table* table;
  std::string key;
  std::optional<Row> row;
  // Nobody else has changed the row since the write's base: what it has more is the upstream's own
  // doing.
  bool guarded = false;
  // The same of these columns only: the write compared them with its base.
  std::vector<std::size_t> compared = {};
  Others others = Others::kNone;
};

}  // namespace holdfast::cache
