#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cache/replica/change_feed.h"
#include "routes/context.h"

namespace holdfast::routes {

// One entry of a join's `postgres_changes`.
struct RowSubscription {
  std::int64_t id = 0;  // of our making; changes name it
  std::string event;    // INSERT, UPDATE, DELETE or *
  std::string schema;   // * = any
  std::string table;    // likewise
  std::string filter;   // as in a request's query: column=op.value; empty = none
};

struct RowChange {
  const cache::Table* table;
  const char* type;    // INSERT, UPDATE or DELETE
  std::string key;     // JSON objects
  std::string record;  // empty: it is gone
};

// What changes in one principal's replica, pulled rows and own writes alike, for Realtime's
// postgres_changes. Row level security needs no look: the replica has what the principal may see.
// Filters are those of reads, so they select the same rows.
//
// Rows whose table is being read for the first time are no changes. Of several changes to a row
// between two looks the newest is told. While an app waits for what the upstream says to its write,
// the principal's changes wait too: the row may be refused, or come back with more.
// One thread at a time. Waits for the disk.
class RowTail {
 public:
  // From now on.
  RowTail(const Context& context, http::Principal principal);

  // Why the subscription cannot be served from here; nullopt: it can.
  std::optional<std::string> refuse(const RowSubscription& subscription) const;

  // What has changed since the last call, a page of it; empty when that is all for now.
  std::vector<RowChange> advance();
  bool has_more() const { return more_; }
  // Whether a token with these claims may be told what advance() has told last (hard case 1).
  bool reads_as(const std::string& epoch) const { return store_->reads_as(epoch); }
  // Of a change that advance() has told last. Deletions pass every filter, as Supabase's do.
  bool selects(const RowSubscription& subscription, const RowChange& change) const;

 private:
  bool rests();
  bool is_served(const cache::Table& table) const;
  std::optional<cache::query::Plan> plan(const RowSubscription& subscription,
                                         const cache::Table& table, const std::string& key) const;

  const Context& context_;
  const http::Principal principal_;
  std::shared_ptr<cache::Store> store_;
  std::uint64_t commits_ = 0;
  bool more_ = false;  // of the changes up to commits_
  std::optional<MonotonicTime> rests_since_;
  std::string cursor_;
};

// The `data` of a postgres_changes message.
nlohmann::json change_data(const RowChange& change, Timestamp at);

}  // namespace holdfast::routes
