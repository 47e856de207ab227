#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cache/replica/mutation.h"
#include "queue/outbox.h"
#include "routes/media_type.h"
#include "routes/preferences.h"
#include "routes/rest.h"

namespace holdfast::routes {

// POST, PATCH, PUT and DELETE of a table. What can be decided here is written to the replica and
// the outbox in one transaction and answered after its commit; the rest goes to the upstream.
// Thread-safe; made for one request.
class RestWrite {
 public:
  RestWrite(const Context& context, const Forwarder& forwarder)
      : context_(context), forwarder_(forwarder) {}

  void handle(RestRequest rest, const cache::Table& table, http::Respond respond) const;

 private:
  struct Work;  // one write on its way through the writer

  // Why only the upstream can answer, from the request alone; empty when it may be answered here.
  std::string upstream_needed(const RestRequest& rest, const cache::Table& table,
                              const Preferences& preferences) const;
  void submit(const std::shared_ptr<Work>& work) const;
  void write(cache::Transaction& transaction, Work& work) const;
  std::optional<Error> write_changes(cache::Transaction& transaction, Work& work,
                                     cache::Changes& changes) const;
  // The rows that the mutation is asked to give back; empty when it is not.
  Result<std::string> represent(cache::Database& database, const Work& work,
                                const cache::Changes& changes) const;
  // Appends the mutation's entries and shows their effects; the first entry, if there is any.
  std::optional<queue::Entry> enqueue(cache::Transaction& transaction, Work& work,
                                      cache::Changes& changes) const;
  void finish(std::shared_ptr<Work> work, const std::exception_ptr& fault) const;
  void settle_doubt(std::shared_ptr<Work> work) const;
  // Sends the request on once the principal's queue is empty, so that it overtakes nothing.
  void ask_upstream(RestRequest rest, std::string reason, http::Respond respond) const;

  const Context& context_;
  const Forwarder& forwarder_;
};

}  // namespace holdfast::routes
