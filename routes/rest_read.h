#pragma once

#include <optional>
#include <string>

#include "cache/query/query.h"
#include "routes/cache_control.h"
#include "routes/media_type.h"
#include "routes/plan_cache.h"
#include "routes/preferences.h"
#include "routes/read_forwarder.h"
#include "routes/rest.h"

namespace holdfast::routes {

// GET and HEAD of a table: answered from the replica where that is exact, else forwarded.
// Thread-safe; made for one request.
class RestRead {
 public:
  RestRead(const Context& context, const ReadForwarder& reads) : context_(context), reads_(reads) {}

  void handle(RestRequest rest, const cache::Table& table, const http::Respond& respond) const;

 private:
  // Why only the upstream has the answer.
  struct Elsewhere {
    ForwardReason reason;
    cache::ResponseCache::Relations relations = std::nullopt;  // what it shows, where known
    bool revalidate = false;                                   // the replica is to be pulled
  };
  using Answer = std::variant<http::Response, Elsewhere>;

  // The one place that decides: the answer from here, or why it must be the upstream's.
  Answer answer(const RestRequest& rest, const cache::Table& table) const;
  Answer answer_from_replica(const RestRequest& rest, const cache::Table& table,
                             const PlanCache::Read& read, const MediaType& media,
                             const Preferences& preferences) const;
  // What the upstream may know better while it can be asked.
  Answer refused(const Error& error, const CacheControl& control) const;
  // What the statement gives, or gave when nothing has been written since.
  Result<cache::query::Output> output_of(const RestRequest& rest, const cache::Table& table,
                                         const PlanCache::Read& read, const MediaType& media,
                                         const Preferences& preferences) const;
  // Whether there is an upstream that may be asked.
  bool upstream_usable(const CacheControl& control) const;
  PlanCache::Found plan_for(const RestRequest& rest, const cache::Table& table,
                            const Preferences& preferences, bool new_rows_last = false) const;
  // What is answered instead of the replica's rows; nullopt when they may be shown.
  std::optional<Answer> replica_unfit(const RestRequest& rest, const cache::query::Plan& plan,
                                      const CacheControl& control) const;
  http::Response denied(const cache::Store& store, const cache::Table& table) const;
  // By what the client and the configuration allow. Only where the upstream can be asked.
  std::optional<ForwardReason> too_old(const RestRequest& rest, const cache::query::Plan& plan,
                                       const CacheControl& control) const;
  // Whether the plan reads a table that waiting writes change.
  static bool shows_own_writes(cache::Store& store, const cache::query::Plan& plan);
  // Whether every row that the plan reads of the table is kept here, where only a part is.
  bool holds_all(const RestRequest& rest, const cache::query::Plan& plan,
                 const cache::Table& table) const;
  // The same for a view or a table without a key, of which there is a copy only.
  std::optional<std::string> copy_unfit(const RestRequest& rest, const cache::Table& table,
                                        bool online) const;
  http::Response respond_with(const cache::query::Plan& plan, cache::query::Output output,
                              const cache::Store& store) const;
  // Adds what the headers say of the request: type, place, profile and preferences.
  void describe(const http::Request& request, const PlanCache::Read& read, const MediaType& media,
                const Preferences& preferences, http::Response& response) const;

  const Context& context_;
  const ReadForwarder& reads_;
  // Set where the upstream's answer is not to be had: what is here is answered with then.
  std::optional<NoAnswer> no_answer_;
};

// "0-24/100", "*/0": rows from `offset` on, of `total` where it is known.
std::string content_range(std::int64_t offset, std::int64_t rows,
                          std::optional<std::int64_t> total);

}  // namespace holdfast::routes
