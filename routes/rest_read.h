#pragma once

#include <optional>
#include <string>

#include "cache/query/query.h"
#include "routes/media_type.h"
#include "routes/plan_cache.h"
#include "routes/preferences.h"
#include "routes/rest.h"

namespace holdfast::routes {

// GET and HEAD of a table: answered from the replica where that is exact, else forwarded.
// Thread-safe; made for one request.
class RestRead {
 public:
  RestRead(const Context& context, const Forwarder& forwarder)
      : context_(context), forwarder_(forwarder) {}

  void handle(RestRequest rest, const cache::Table& table, const http::Respond& respond) const;

 private:
  // The answer from here, or the reason why only the upstream has it.
  std::variant<http::Response, std::string> answer(const RestRequest& rest,
                                                   const cache::Table& table) const;
  using Found = std::variant<std::shared_ptr<const ReadPlan>, cache::query::Forward, Error>;
  // The plan kept from an earlier request with the same target, or a new one.
  Found plan_for(const RestRequest& rest, const cache::Table& table,
                 const Preferences& preferences) const;
  // Why the replica may not be asked for these tables; nullopt when it may.
  std::optional<std::variant<http::Response, std::string>> replica_unfit(
      const RestRequest& rest, const cache::query::Plan& plan) const;
  // The same for a view or a table without a key, of which there is a copy only.
  std::optional<std::string> copy_unfit(const RestRequest& rest, const cache::Table& table) const;
  http::Response respond_with(const cache::query::Plan& plan, cache::query::Output output,
                              const MediaType& media, const Preferences& preferences,
                              const cache::Table& table, const cache::Store& store) const;

  const Context& context_;
  const Forwarder& forwarder_;
};

// "0-24/100", "*/0": rows from `offset` on, of `total` where it is known.
std::string content_range(std::int64_t offset, std::int64_t rows,
                          std::optional<std::int64_t> total);

}  // namespace holdfast::routes
