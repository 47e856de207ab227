#pragma once

#include <optional>
#include <string>

#include "cache/replica/overlay.h"
#include "gateway/base/clock.h"

namespace holdfast::cache {

// Reports that the upstream's row of an append-only table is not the one that was synced; `now`
// it stays as it was here. `remote`: nullopt when it is gone there. The same deviation is reported
// once (hf_conflicts, state reported).
void report_deviation(Transaction& transaction, const Table& table, const std::string& key,
                      const Row& here, const std::optional<Row>& remote, Timestamp now);

}  // namespace holdfast::cache
