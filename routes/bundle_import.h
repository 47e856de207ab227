#pragma once

#include "gateway/http/request.h"
#include "gateway/http/response.h"
#include "routes/context.h"

namespace holdfast::routes {

// POST /import?principal=WHO with a bundle (cache/replica/bundle.h): makes it what the gateway
// serves as WHO. {"rows", "principal"}; 409 where the rows come from an upstream, or WHO has writes
// that are not delivered. Nothing is changed where it is refused. Waits for the disk.
http::Response import_bundle(const Context& context, const http::Request& request);

}  // namespace holdfast::routes
