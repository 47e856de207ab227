#include "routes/old_ids.h"

#include <algorithm>

#include "cache/replica/temporary_id_text.h"
#include "gateway/http/uri.h"
#include "routes/context.h"
#include "routes/error_response.h"

namespace holdfast::routes {
namespace {

using cache::TemporaryIds;

// Every read comes by here, so nothing is decoded before there is a number that long.
bool may_be_in_query(std::string_view query) {
  constexpr std::size_t kFewestDigits = 5;
  const auto starts_long_number = [&](std::size_t at) {
    const auto digits = query.substr(at).find_first_not_of("0123456789");
    return std::min(digits, query.size() - at) >= kFewestDigits;
  };
  for (auto at = query.find_first_of("-%"); at != std::string_view::npos;
       at = query.find_first_of("-%", at + 1)) {
    const std::string_view code = query.substr(at, 3);
    const bool encoded = code == "%2D" || code == "%2d";
    if (query[at] == '%' && !encoded) continue;
    if (starts_long_number(at + (encoded ? 3 : 1))) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> with_real_ids(cache::Database& database, const TemporaryIds& ids,
                                         const std::string& target, TemporaryIds::Named& named) {
  const auto begin = target.find('?');
  if (begin == std::string::npos) return std::nullopt;
  const auto query = http::replace_values(target.substr(begin + 1), [&](const std::string& value) {
    return ids.resolve(database, value, named);
  });
  return query ? std::optional(target.substr(0, begin + 1) + *query) : std::nullopt;
}

std::optional<Error> refuse_ids(const Context& context, const cache::Store& store,
                                const TemporaryIds::Named& named) {
  if (named.lost) return lost_id();
  if (named.given_up) return given_up_id();
  if (named.unknown.empty()) return std::nullopt;
  for (const auto& other : context.stores.opened()) {
    if (other.get() == &store) continue;
    const TemporaryIds ids(other->overlay());
    auto reader = other->reader();
    const auto theirs = [&](std::int64_t id) { return ids.knows(*reader, id); };
    if (std::ranges::any_of(named.unknown, theirs)) return foreign_id();
  }
  return std::nullopt;
}

void put_real_ids(RestRequest& rest) {
  if (!may_be_in_query(rest.request.query())) return;
  TemporaryIds::Named named;
  auto target = with_real_ids(*rest.store->reader(), TemporaryIds(rest.store->overlay()),
                              rest.request.target, named);
  if (target) rest.request.target = *std::move(target);
}

TemporaryIds::Named put_real_ids_into_write(RestRequest& rest) {
  TemporaryIds::Named named;
  const bool in_query = may_be_in_query(rest.request.query());
  if (!in_query && !cache::may_have_temporary_id(rest.request.body)) return named;
  const TemporaryIds ids(rest.store->overlay());
  auto reader = rest.store->reader();
  TemporaryIds::Named filters;
  if (auto target = with_real_ids(*reader, ids, rest.request.target, filters)) {
    rest.request.target = *std::move(target);
  }
  if (auto body = ids.resolve(*reader, rest.request.body, named)) {
    rest.request.body = *std::move(body);
  }
  named.any = named.any || filters.any;
  named.waiting = named.waiting || filters.waiting;
  named.lost = named.lost || filters.lost;
  return named;
}

}  // namespace holdfast::routes
