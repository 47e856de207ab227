#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/http/headers.h"

namespace holdfast::routes {

enum class Return { kNone, kMinimal, kHeadersOnly, kRepresentation };
enum class ResolutionPreference { kNone, kMergeDuplicates, kIgnoreDuplicates };
enum class CountPreference { kNone, kExact, kPlanned, kEstimated };
enum class TransactionEnd { kNone, kCommit, kRollback };
enum class Handling { kNone, kStrict, kLenient };

// The Prefer lines of a request as PostgREST reads them: commas separate, the first of a kind wins,
// another case is another preference.
struct Preferences {
  Return representation = Return::kNone;
  ResolutionPreference resolution = ResolutionPreference::kNone;
  bool missing_default = false;
  bool missing_null = false;
  CountPreference count = CountPreference::kNone;
  TransactionEnd transaction = TransactionEnd::kNone;
  Handling handling = Handling::kNone;
  std::optional<std::string> timezone;
  std::optional<std::int64_t> max_affected;
  // RFC 7240: how long the upstream's own answer is waited for; not at all with respond-async.
  std::optional<std::chrono::seconds> wait;
  bool respond_async = false;
  std::vector<std::string> unknown;  // as sent

  // No effect where it meets more rows.
  bool bounds_rows() const { return handling == Handling::kStrict && max_affected; }

  // What of them `applied` names, in PostgREST's order; empty when nothing is.
  struct Applied {
    bool resolution = false;
    bool missing = false;
    bool representation = false;
    bool count = false;
    bool transaction = false;
    bool timezone = false;
    bool handling = false;
    bool max_affected = false;
    bool respond_async = false;
  };
  std::string applied(const Applied& which) const;
};

// The request's Prefer lines as one, without the members for which `left_out` is true; empty when
// none is left.
std::string join_preferences(const http::Headers& headers,
                             const std::function<bool(std::string_view member)>& left_out);

// PGRST122 when handling=strict comes with preferences that are not known.
Result<Preferences> parse_preferences(const http::Headers& headers);

}  // namespace holdfast::routes
