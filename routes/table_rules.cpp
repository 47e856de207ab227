#include "routes/table_rules.h"

#include "queue/insight.h"
#include "routes/error_response.h"

namespace holdfast::routes {
namespace {

Error never_changed(const std::string& table) {
  return {ErrorKind::kInvalidRequest, "HF403", "Rows of " + table + " are never changed or deleted",
          "The table is configured as append-only: it takes new rows only",
          "Insert a correcting row instead."};
}

}  // namespace

std::optional<Error> refuse_by_mode(const cache::TableOptions& options,
                                    const cache::Mutation& mutation) {
  const bool appends = mutation.operation == cache::Operation::kInsert &&
                       mutation.resolution != cache::Resolution::kMergeDuplicates;
  if (!options.append_only || appends) return std::nullopt;
  return never_changed(mutation.table->name);
}

std::optional<Error> refuse_by_consequences(const cache::ReplicaOptions& options,
                                            const cache::Overlay& overlay,
                                            const cache::Changes& changes) {
  for (const cache::Effect& effect : changes.effects) {
    if (!effect.consequence) continue;
    const cache::Table* table = overlay.find_table(effect.relation);
    if (table != nullptr && options.of(*table).append_only) return never_changed(table->name);
  }
  return std::nullopt;
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
