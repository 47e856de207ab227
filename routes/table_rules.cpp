#include "routes/table_rules.h"

#include "queue/insight.h"
#include "routes/error_response.h"

namespace holdfast::routes {

std::optional<Error> refuse_by_mode(const cache::TableOptions& options,
                                    const cache::Mutation& mutation) {
  const bool appends = mutation.operation == cache::Operation::kInsert &&
                       mutation.resolution != cache::Resolution::kMergeDuplicates;
  if (!options.append_only || appends) return std::nullopt;
  return Error{ErrorKind::kInvalidRequest, "HF403",
               "Rows of " + mutation.table->name + " are never changed or deleted",
               "The table is configured as append-only: it takes new rows only",
               "Insert a correcting row instead."};
}

std::optional<Error> refuse_offline_bulk(const cache::TableOptions& options,
                                         const cache::Mutation& mutation,
                                         const cache::Changes& changes) {
  const bool one = mutation.operation == cache::Operation::kInsert || changes.keys.size() <= 1;
  if (options.offline_bulk || one) return std::nullopt;
  return not_answerable_offline("It changes " + std::to_string(changes.keys.size()) + " rows of " +
                                mutation.table->name + ", which takes one at a time offline");
}

std::optional<Error> refuse_full_queue(cache::Database& database, std::int64_t limit) {
  if (limit == 0 || !queue::holds_at_least(database, limit)) return std::nullopt;
  return Error{ErrorKind::kNotAnswerable, "HF507", "Too many writes are waiting for delivery",
               "There are " + std::to_string(limit) + " of this user, as many as may wait",
               "They are sent as soon as the upstream is reachable; [rest] queue_limit is the "
               "limit."};
}

}  // namespace holdfast::routes
