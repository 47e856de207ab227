#pragma once

#include <memory>
#include <string>

#include "queue/awaited.h"
#include "queue/entry.h"
#include "routes/preferences.h"
#include "routes/rest.h"

namespace holdfast::routes {

// A request whose effect on rows is not known here, to be queued: a call of a function that
// [rpc] queue lists, or a write of a role whose rows are not replicated.
struct OpaqueRequest {
  RestRequest rest;
  std::string operation;  // of its entry: "call" or "request"
  std::string relation;   // "schema.name"
  std::string reason;     // as Cache-Status gives it while the upstream answers
  Preferences preferences;
};

// Makes such a request an entry of the outbox, durable before anybody hears of it, and answers with
// the upstream's own answer while there is one to wait for, else 201 or 204 with its
// Holdfast-Outbox-Id; 507 while too many wait. What a call gave back is kept with its entry.
// Thread-safe; made for one request.
class OpaqueWrite {
 public:
  explicit OpaqueWrite(const Context& context) : context_(context) {}

  void handle(OpaqueRequest request, http::Respond respond) const;

 private:
  struct Work;

  void submit(const std::shared_ptr<Work>& work) const;
  void write(cache::Transaction& transaction, const std::shared_ptr<Work>& work) const;
  void finish(const std::shared_ptr<Work>& work, const std::exception_ptr& fault) const;
  void tell(const std::shared_ptr<Work>& work, const queue::Told& told) const;
  bool is_awaited(const Work& work, cache::Database& database) const;

  const Context& context_;
};

}  // namespace holdfast::routes
