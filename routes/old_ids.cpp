#include "routes/old_ids.h"

#include <array>

#include "cache/replica/temporary_ids.h"
#include "gateway/http/uri.h"

namespace holdfast::routes {
namespace {

bool may_have_negative_number(std::string_view query) {
  constexpr std::array<std::string_view, 5> kBefore = {".-", "(-", ",-", "28-", "2C-"};
  for (const std::string_view text : kBefore) {
    if (query.find(text) != std::string_view::npos) return true;
  }
  return false;
}

// "in.(-1,2)" with each element replaced that `real` knows; nullopt when there is none.
template <typename Real>
std::optional<std::string> replace_values(const std::string& value, const Real& real) {
  for (const std::string_view op : {"eq.", "neq."}) {
    if (!value.starts_with(op)) continue;
    auto id = real(value.substr(op.size()));
    return id ? std::optional(std::string(op) + *id) : std::nullopt;
  }
  if (!value.starts_with("in.(") || !value.ends_with(")")) return std::nullopt;
  bool changed = false;
  std::string list;
  std::string_view rest = std::string_view(value).substr(4, value.size() - 5);
  while (true) {
    const auto comma = rest.find(',');
    const std::string element(rest.substr(0, comma));
    const auto id = real(element);
    changed = changed || id;
    list += (list.empty() ? "" : ",") + id.value_or(element);
    if (comma == std::string_view::npos) break;
    rest = rest.substr(comma + 1);
  }
  return changed ? std::optional("in.(" + list + ")") : std::nullopt;
}

}  // namespace

void put_real_ids(RestRequest& rest, const cache::Table& table) {
  const std::string query(rest.request.query());
  if (!may_have_negative_number(query)) return;
  const cache::TemporaryIds ids(rest.store->overlay());
  auto reader = rest.store->reader();
  std::string rewritten;
  bool changed = false;
  std::string_view left = query;
  while (!left.empty()) {
    const auto end = left.find('&');
    const std::string_view parameter = left.substr(0, end);
    left = end == std::string_view::npos ? std::string_view() : left.substr(end + 1);
    if (!rewritten.empty()) rewritten += '&';
    const auto equals = parameter.find('=');
    const std::string name = http::query_decode(parameter.substr(0, equals));
    const std::string value =
        equals == std::string_view::npos ? "" : http::query_decode(parameter.substr(equals + 1));
    const auto other = replace_values(
        value, [&](const std::string& text) { return ids.real_id(*reader, table, name, text); });
    changed = changed || other;
    rewritten += other ? http::percent_encode(name) + "=" + http::percent_encode(*other)
                       : std::string(parameter);
  }
  if (!changed) return;
  std::string& target = rest.request.target;
  target = target.substr(0, target.find('?') + 1) + rewritten;
}

}  // namespace holdfast::routes
