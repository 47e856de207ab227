#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "cache/replica/mutation.h"
#include "cache/replica/temporary_ids.h"
#include "queue/outbox.h"
#include "routes/media_type.h"
#include "routes/outbox_entries.h"
#include "routes/preferences.h"
#include "routes/rest.h"
#include "routes/write_answer.h"

namespace holdfast::routes {

// One write of an app, parsed, and what is asked back of it.
struct WriteRequest {
  RestRequest rest;
  const cache::Table& table;
  Preferences preferences;
  MediaType media;
  cache::Mutation mutation;
  std::optional<cache::query::Plan> representation = std::nullopt;
};

// What a WriteJob came to, once its transaction has committed. Exactly one of the first two.
struct WriteOutcome {
  std::optional<http::Response> answer;
  std::string ask_upstream;     // the reason, when only the upstream can decide
  bool touches_none = false;    // then: it changes no row that is here
  bool reaches_parked = false;  // and might change one there that waits for a person

  // Instead: the same write is on its way, and its app not answered yet; this is its entry.
  std::string repeats;
  bool queued = false;
  // The entry whose answer the upstream is to give: `answer` is for the case that it is late.
  struct Wait {
    std::string entry;
    std::chrono::milliseconds limit;
    queue::AskedRequest asked;
    std::string reason;
    bool side_effects = false;
  };
  std::optional<Wait> wait;
};

// A write's part in the writer: computes its changes, writes them to the replica and the outbox,
// and makes the answer.
// One thread at a time: the writer's, then whoever answers.
class WriteJob {
 public:
  // Both must outlive it.
  WriteJob(const Context& context, WriteRequest& request) : context_(context), request_(request) {}

  // The write is queued though the upstream would know better.
  void despite_doubt() { despite_doubt_ = true; }

  // Into an empty outcome. What it has written is taken back where there is no success.
  WriteOutcome run(cache::Transaction& transaction);

 private:
  // Without a look at its rows: a repetition, a full queue, ids that nobody can tell.
  bool is_answered_before(cache::Database& database);
  cache::Computed compute(cache::Database& database) const;
  void answer_error(cache::Database& database, Error error);
  void answer_ask(cache::AskUpstream ask);
  void take_changes(cache::Transaction& transaction, cache::Changes& changes);
  std::optional<Error> write_changes(cache::Transaction& transaction, cache::Changes& changes);
  // max-affected, and one row for an object.
  std::optional<Error> refuse_count(std::int64_t affected) const;
  // The rows that the mutation is asked to give back; nullopt when it is not.
  Result<std::optional<Representation>> represent(cache::Database& database,
                                                  const cache::Changes& changes) const;
  // Appends the entry, if there is one, and shows its effects.
  std::optional<queue::Entry> enqueue(cache::Transaction& transaction, cache::Changes& changes,
                                      std::optional<PlannedEntry>&& planned);
  // Whether, and how long, the upstream's own answer is waited for.
  void plan_wait(cache::Database& database, const cache::Changes& changes);
  bool is_online() const { return !context_.standalone && !context_.connectivity.offline(); }
  void take_error(Error error);
  bool rights_come_first() const;
  // Whether no earlier write stands between this one and the upstream that cannot be sent now.
  bool may_ask(cache::Database& database) const;
  bool may_reach_parked(cache::Database& database) const;
  bool rolls_back() const;  // Prefer: tx=rollback
  // Why what would be shown may not be what the upstream would show; empty when it is.
  std::string inexact(const cache::Changes& changes) const;

  const Context& context_;
  WriteRequest& request_;
  cache::TemporaryIds::Named named_;
  bool despite_doubt_ = false;
  bool beside_parked_ = false;  // all that is unfinished waits for a person
  WriteOutcome outcome_;
};

}  // namespace holdfast::routes
