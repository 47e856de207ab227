#pragma once

#include <optional>
#include <string>

#include "gateway/http/response.h"
#include "routes/read_forwarder.h"
#include "routes/rest.h"

namespace holdfast::routes {

// /rest/v1/ itself: the description of the API. The upstream's own while it can be reached, else
// the same made from the catalog, of what the caller's role has grants on.
// Thread-safe; made for one request.
class RestRoot {
 public:
  RestRoot(const Context& context, const ReadForwarder& reads) : context_(context), reads_(reads) {}

  void handle(RestRequest rest, http::Respond respond) const;

 private:
  // nullopt where no catalog is known.
  std::optional<http::Response> describe(const RestRequest& rest, const std::string& schema) const;

  const Context& context_;
  const ReadForwarder& reads_;
};

}  // namespace holdfast::routes
