#pragma once

#include <functional>
#include <string>

#include "gateway/http/response.h"
#include "routes/context.h"

namespace holdfast::routes {

// What /status shows beside the queue and the replicas.
struct StatusIdentity {
  std::string upstream_url;
  std::function<std::string()> tier;  // companion or bare
};

// The body of GET /status. With `detailed`, also each principal by itself and recent errors, which
// are for holders of the control token only.
std::string status_json(const Context& context, const StatusIdentity& identity, bool detailed);

}  // namespace holdfast::routes
