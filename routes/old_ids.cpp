#include "routes/old_ids.h"

#include <algorithm>

#include "gateway/http/uri.h"

namespace holdfast::routes {
namespace {

using cache::TemporaryIds;

// The target with the ids that are known in the values of its parameters; nullopt: there are none.
std::optional<std::string> with_real_ids(cache::Database& database, const TemporaryIds& ids,
                                         const http::Request& request, TemporaryIds::Named& named) {
  std::string rewritten;
  bool changed = false;
  std::string_view left = request.query();
  while (!left.empty()) {
    const auto end = left.find('&');
    const std::string_view parameter = left.substr(0, end);
    left = end == std::string_view::npos ? std::string_view() : left.substr(end + 1);
    if (!rewritten.empty()) rewritten += '&';
    const auto equals = parameter.find('=');
    const auto other =
        equals == std::string_view::npos
            ? std::nullopt
            : ids.resolve(database, http::query_decode(parameter.substr(equals + 1)), named);
    changed = changed || other;
    rewritten += parameter.substr(0, other ? equals + 1 : parameter.size());
    if (other) rewritten += http::percent_encode(*other);
  }
  if (!changed) return std::nullopt;
  const std::string& target = request.target;
  return target.substr(0, target.find('?') + 1) + rewritten;
}

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

void put_real_ids(RestRequest& rest) {
  if (!may_be_in_query(rest.request.query())) return;
  TemporaryIds::Named named;
  auto target = with_real_ids(*rest.store->reader(), TemporaryIds(rest.store->overlay()),
                              rest.request, named);
  if (target) rest.request.target = *std::move(target);
}

TemporaryIds::Named put_real_ids_into_write(RestRequest& rest) {
  TemporaryIds::Named named;
  const bool in_query = may_be_in_query(rest.request.query());
  if (!in_query && !TemporaryIds::may_be_in(rest.request.body)) return named;
  const TemporaryIds ids(rest.store->overlay());
  auto reader = rest.store->reader();
  TemporaryIds::Named filters;
  if (auto target = with_real_ids(*reader, ids, rest.request, filters)) {
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
