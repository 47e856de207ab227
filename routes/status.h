#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "gateway/http/response.h"
#include "queue/companion.h"
#include "routes/context.h"
#include "routes/row_counts.h"

namespace holdfast::routes {

// What /status shows beside the queue and the replicas.
struct StatusIdentity {
  std::string upstream_url;
  const queue::Companion& companion;  // outlives this
  std::shared_ptr<RowCounts> row_counts;
};

enum class StatusDepth {
  kBrief,     // the queue, the link and recent errors, without counting rows: cheap
  kPublic,    // the queue, the link and the tables; no errors: they may name what is in rows
  kDetailed,  // all of it, and each principal by itself
};
nlohmann::json status_document(const Context& context, const StatusIdentity& identity,
                               StatusDepth depth);

// The body of GET /status. With `detailed`, also each principal by itself and recent errors, which
// are for holders of the control token only.
std::string status_json(const Context& context, const StatusIdentity& identity, bool detailed);

}  // namespace holdfast::routes
