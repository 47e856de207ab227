#pragma once

#include <string>

#include "gateway/http/response.h"
#include "routes/read_forwarder.h"
#include "routes/rest.h"

namespace holdfast::routes {

// /rest/v1/rpc/NAME: the upstream runs functions. One that cannot write (called by GET, or that the
// catalog calls stable or immutable) is a read, whose answer is kept for the time without it; any
// other may have written whatever it likes (hard case 16). A forwarded call carries no key and is
// never repeated; one that [rpc] queue lists becomes an entry of the outbox (hard case 12).
// Thread-safe; made for one request.
class Rpc {
 public:
  Rpc(const Context& context, const ReadForwarder& reads) : context_(context), reads_(reads) {}

  void handle(RestRequest rest, http::Respond respond) const;

 private:
  void call(RestRequest rest, http::Respond respond) const;
  // Whether the call can be an entry: it is listed, and its arguments are a JSON object.
  bool is_queued(const RestRequest& rest, const std::string& schema, const std::string& name) const;

  const Context& context_;
  const ReadForwarder& reads_;
};

}  // namespace holdfast::routes
