#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "cache/replica/mutation.h"
#include "queue/awaited.h"
#include "routes/preferences.h"
#include "routes/rest.h"

namespace holdfast::routes {

struct WriteRequest;

// POST, PATCH, PUT and DELETE of a table. What can be decided here is written to the replica and
// the outbox in one transaction and answered after its commit, by the upstream where its answer is
// worth a wait; the rest goes to the upstream.
// Thread-safe; made for one request.
class RestWrite {
 public:
  // `context` must outlive it.
  explicit RestWrite(const Context& context) : context_(context) {}

  void handle(RestRequest rest, const cache::Table& table, http::Respond respond) const;

 private:
  struct Work;  // one write on its way through the writer

  // Of the rows that are asked back.
  cache::query::Planned plan_answer(const WriteRequest& write) const;
  // 42501 where nobody can be asked and the role has no grant.
  std::optional<Error> refuse_ungranted(const RestRequest& rest,
                                        const cache::Mutation& mutation) const;
  bool is_online() const;
  // Whether it is to be queued though its rows are not here.
  bool is_queued_unseen(const RestRequest& rest, const Preferences& preferences) const;
  // Why an update or a deletion may be about rows that are not here; empty when they are.
  std::string rows_elsewhere(const RestRequest& rest, const cache::Table& table) const;
  // Why only the upstream can answer, from the request alone; empty when it may be answered here.
  std::string upstream_needed(const RestRequest& rest, const cache::Table& table,
                              const Preferences& preferences) const;
  void submit(const std::shared_ptr<Work>& work) const;
  void write(cache::Transaction& transaction, const std::shared_ptr<Work>& work) const;
  void finish(const std::shared_ptr<Work>& work, const std::exception_ptr& fault) const;
  // Answers an app that waited for the upstream.
  void tell(const std::shared_ptr<Work>& work, const queue::Told& told) const;
  // Hard case 16: what the upstream did is not all here.
  void note_unseen_effects(cache::Store& store) const;
  // Sends the request on once the principal's queue is empty, so that it overtakes nothing. What
  // surely did not arrive is handled once more, as one whose upstream is away.
  void ask_upstream(RestRequest rest, const cache::Table& table, std::string reason,
                    http::Respond respond) const;
  void handle_unreached(RestRequest rest, const cache::Table& table, http::Respond respond) const;

  const Context& context_;
  bool unreached_ = false;       // the upstream was asked in vain
  bool touches_none_ = false;    // no row that is here
  bool reaches_parked_ = false;  // and perhaps one there that waits for a person
};

}  // namespace holdfast::routes
