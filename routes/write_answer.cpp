#include "routes/write_answer.h"

#include "cache/sqlite/database.h"
#include "routes/cache_control.h"
#include "routes/cache_status.h"
#include "routes/error_response.h"
#include "routes/rest_read.h"

namespace holdfast::routes {
namespace {

using cache::Operation;

int status_of(const cache::Mutation& mutation, const cache::Changes& changes, bool rows) {
  if (mutation.operation != Operation::kInsert || (mutation.single && !rows)) {
    return rows ? 200 : 204;
  }
  const bool merged = mutation.resolution == cache::Resolution::kMergeDuplicates;
  return merged && changes.inserted == 0 ? 200 : 201;
}

std::string range_of(const cache::Mutation& mutation, std::int64_t rows, bool counted) {
  const std::optional<std::int64_t> total = counted ? std::optional(rows) : std::nullopt;
  return content_range(0, mutation.operation == Operation::kUpdate ? rows : 0, total);
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

http::Response write_answer(const cache::Mutation& mutation, const cache::Changes& changes,
                            const Preferences& preferences, const MediaType& media,
                            std::optional<Representation> representation,
                            const std::string& outbox_id, bool standalone) {
  const bool rows = preferences.representation == Return::kRepresentation;
  http::Response response;
  response.status = status_of(mutation, changes, rows);
  response.headers.add("Vary", kVary);
  if (rows) response.headers.add("Content-Type", media.content_type);
  if (!mutation.single) {
    const auto changed = static_cast<std::int64_t>(changes.keys.size());
    response.headers.add("Content-Range",
                         range_of(mutation, representation ? representation->rows : changed,
                                  preferences.count != CountPreference::kNone));
  }
  Preferences::Applied applied;
  applied.resolution = mutation.operation == Operation::kInsert && !mutation.single;
  applied.missing = mutation.operation != Operation::kDelete && !mutation.single;
  applied.representation = true;
  applied.count = true;
  applied.transaction = true;
  applied.timezone = true;
  applied.handling = true;
  applied.max_affected = preferences.bounds_rows() && mutation.operation != Operation::kInsert;
  applied.respond_async = !standalone;
  if (std::string text = preferences.applied(applied); !text.empty()) {
    response.headers.add("Preference-Applied", std::move(text));
  }
  if (standalone) {
    response.headers.add("Cache-Status", hit_status());
  } else {
    response.headers.add("Cache-Status", preferences.transaction == TransactionEnd::kRollback
                                             ? "holdfast; detail=rolled-back"
                                             : "holdfast; detail=queued");
    if (!outbox_id.empty()) response.headers.add("Holdfast-Outbox-Id", outbox_id);
  }
  std::vector<std::string> provisional = changes.provisional;
  provisional.insert(provisional.end(), changes.reshaped.begin(), changes.reshaped.end());
  if (!provisional.empty() && !standalone) {
    response.headers.add("Holdfast-Provisional", joined(provisional));
  }
  if (representation) response.body = std::move(representation->body);
  return response;
}

}  // namespace holdfast::routes
