#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cache/replica/store.h"
#include "gateway/base/progress_count.h"

namespace holdfast::cache {

// The bundle form of a replica: one JSON object with a schema's tables, their columns, keys and
// rows (architecture.md, section 11). catalog_of_bundle() reads its other half. Export adds what
// that form has no place for, so that an import answers the same: the whole "catalog", the
// "other_schemas", and the words by which a table is "denied".

// Makes the store's replica what the bundle's rows say: each relation that has rows, or the words
// of a denial for the anonymous principal, is complete afterwards. The store must have been opened
// with the bundle's catalog. kConflict when the principal has unfinished writes, and
// kInvalidRequest when a row cannot be read, with its table; nothing is changed then. One thread at
// a time: whoever has the data folder.
//
// `progress` is told of the bytes that are read, and then of the rows that are written.
struct ImportProgress {
  ProgressCount bytes;
  ProgressCount rows;
};
Result<std::int64_t> import_bundle(Store& store, std::string_view bundle, ImportProgress& progress);

// Whether all of the bundle can be read by its own catalog: the error that import_bundle() would
// give, before the tables of another catalog make room for it.
Result<void> check_bundle(const Catalog& catalog, const http::Principal& principal,
                          std::string_view bundle);

// Writes the replica in the same form, piece by piece. Pending writes are in it as they are shown.
// `progress` is told of rows.
void export_bundle(Store& store, const std::string& schema,
                   const std::function<void(std::string_view)>& write, ProgressCount& progress);

}  // namespace holdfast::cache
