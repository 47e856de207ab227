#pragma once

#include <memory>
#include <string>

#include "gateway/http/principal.h"
#include "gateway/http/response.h"
#include "routes/context.h"
#include "routes/read_forwarder.h"

namespace holdfast::routes {

// One request to /rest/v1 whose caller is known.
struct RestRequest {
  http::Request request;
  http::Caller caller;
  std::string resource;  // decoded path below /rest/v1/: "todos", "rpc/f", "" for the root
  std::shared_ptr<cache::Store> store;  // the caller's; its catalog is the one to use
};

// /rest/v1: tells reads, writes, functions and the root apart, and authenticates their caller.
// Thread-safe.
class Rest {
 public:
  // `context` must outlive it.
  explicit Rest(const Context& context);

  // `resource` is the decoded path below /rest/v1/.
  void handle(http::Request request, std::string resource, http::Respond respond) const;

 private:
  void handle_known(http::Request request, std::string resource, http::Caller caller,
                    http::Respond respond) const;
  void handle_table(RestRequest rest, http::Respond respond) const;

  const Context& context_;
  const ReadForwarder reads_;
};

}  // namespace holdfast::routes
