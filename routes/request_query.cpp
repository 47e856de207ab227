#include "routes/request_query.h"

#include <charconv>
#include <limits>
#include <string_view>

#include "cache/query/query.h"
#include "cache/query/row_window.h"
#include "cache/values/codec.h"
#include "gateway/http/uri.h"

namespace holdfast::routes {
namespace {

std::optional<std::int64_t> read_row(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  std::int64_t row = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), row);
  return read.ec == std::errc() ? row : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

std::optional<RequestedRange> parse_range(const http::Request& request) {
  const auto field = request.headers.find("Range");
  if (!field || request.method != "GET") return std::nullopt;
  const auto dash = field->find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = read_row(field->substr(0, dash));
  if (!first) return std::nullopt;
  if (dash + 1 == field->size()) return RequestedRange{*first, std::nullopt};
  const auto last = read_row(field->substr(dash + 1));
  return last ? std::optional(RequestedRange{*first, last}) : std::nullopt;
}

Result<void> check_query(const http::Request& request) {
  HF_TRY(const auto query, cache::query::Query::parse(request.query()));
  cache::query::PlanOptions options;
  options.range = parse_range(request);
  const auto window = cache::query::row_window(query, options);
  if (!window && window.error().code != cache::kForwardCode) return window.error();
  return {};
}

Result<std::optional<std::int64_t>> positive_parameter(const http::Request& request,
                                                       const std::string& name) {
  const std::string text = http::query_parameter(request.query(), name);
  if (text.empty()) return std::optional<std::int64_t>();
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || number < 1) {
    return invalid_request("HF400", name + " must be a number from 1 on");
  }
  return std::optional(number);
}

}  // namespace holdfast::routes
