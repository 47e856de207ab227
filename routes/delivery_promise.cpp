#include "routes/delivery_promise.h"

#include "cache/replica/temporary_ids.h"
#include "queue/row_version.h"

namespace holdfast::routes {

DeliveryPromise delivery_promise(const cache::Table& table, const cache::TableOptions& options,
                                 bool companion) {
  constexpr const char* kForwarded = "forwarded";
  if (!table.primary_key || table.is_view() || options.writes == cache::WriteMode::kThrough) {
    return {kForwarded, kForwarded, kForwarded};
  }
  DeliveryPromise promise{"once", "once", "once"};
  if (companion) return promise;
  if (cache::TemporaryIds::column_of(table)) promise.insert = "looked_for";
  // Another device may have made the key again in between.
  if (!queue::version_columns(table, options).any()) promise.remove = "asked";
  return promise;
}

}  // namespace holdfast::routes
