#include "cache/query/row_window.h"

#include <algorithm>
#include <limits>

#include "cache/query/resolve.h"
#include "cache/query/syntax.h"

namespace holdfast::cache::query {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

Error unsatisfiable(const char* details) {
  return invalid_request("PGRST103", "Requested range not satisfiable", details);
}

}  // namespace

Result<RowWindow> row_window(const Query& query, const PlanOptions& options) {
  const Range* given = query.tree().root_range();
  const Range range = given == nullptr ? Range{} : *given;
  if (range.offset_too_large || (range.limit_too_large && options.max_rows <= 0)) {
    return forward("a range beyond bigint");
  }
  RowWindow window;
  const std::int64_t first = options.range ? std::max<std::int64_t>(options.range->first, 0) : 0;
  std::optional<std::int64_t> last =
      options.range ? options.range->second : std::optional<std::int64_t>();
  if (first == kMost || (last == kMost && options.max_rows <= 0)) {
    return forward("a range beyond bigint");
  }
  if (last == kMost) last.reset();
  if (last && *last < first) {
    return unsatisfiable(
        "The lower boundary must be lower than or equal to the upper boundary in the Range "
        "header.");
  }
  if (range.limit) {
    const std::int64_t room = kMost - std::max(first, std::max<std::int64_t>(range.offset, 0));
    const std::int64_t end = range.offset - 1 + std::min(*range.limit, room);
    // The one empty range that PostgREST takes, by its end alone: limit=0 without an offset.
    if (end == -1) {
      window.limit = 0;
      return window;
    }
    last = std::min(last.value_or(end), end);
  }
  window.offset = std::max(first, range.offset);
  if (last && *last < window.offset) {
    return unsatisfiable("Limit should be greater than or equal to zero.");
  }
  if (last) window.limit = *last - window.offset + 1;
  if (options.max_rows > 0) {
    window.limit = std::min(window.limit.value_or(options.max_rows), options.max_rows);
  }
  return window;
}

}  // namespace holdfast::cache::query
