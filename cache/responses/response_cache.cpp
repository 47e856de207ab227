#include "cache/responses/response_cache.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/base/ids.h"

namespace holdfast::cache {
namespace {

using nlohmann::json;
using std::chrono::seconds;

// The same answer within this time is not written again: apps poll.
constexpr seconds kRewriteAfter{10};
// How exact the order of use is: a hit is noted once in this time.
constexpr seconds kUseNoted{60};
constexpr std::int64_t kShareOfOne = 8;
constexpr std::int64_t kMostWaiting = 16 * 1024 * 1024;

std::int64_t micros(Timestamp time) { return time.time_since_epoch().count(); }

// "0-9/*", "*/12": what every answer of rows and functions carries, and no portal's page does.
bool is_content_range(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
         text.find_first_not_of("0123456789-*/") == std::string_view::npos;
}

bool has_member(const http::Headers& headers, const char* field, const char* member) {
  const auto members = headers.list(field);
  return std::ranges::any_of(
      members, [&](std::string_view m) { return http::equals_ignoring_case(m, member); });
}

bool may_be_kept(const http::Response& response) {
  if (response.status != 200 && response.status != 206) return false;
  const auto range = response.headers.find("Content-Range");
  return range && is_content_range(*range) && !response.headers.contains("Set-Cookie") &&
         !has_member(response.headers, "Cache-Control", "no-store");
}

std::string print_headers(const http::Headers& headers) {
  json fields = json::array();
  for (const auto& [name, value] : headers) {
    if (!http::equals_ignoring_case(name, "Cache-Status")) fields.push_back({name, value});
  }
  return fields.dump(-1, ' ', false, json::error_handler_t::replace);
}

http::Headers read_headers(std::string_view text) {
  http::Headers headers;
  const json fields = json::parse(text, nullptr, false);
  if (!fields.is_array()) return headers;
  for (const auto& field : fields) headers.add(field.at(0), field.at(1));
  return headers;
}

Value text_or_null(const ResponseCache::Relations& relations) {
  if (!relations) return Null{};
  return json(*relations).dump();
}

}  // namespace

struct ResponseCache::Entry {
  std::string key;
  int status = 200;
  std::string headers;
  std::string body;
  Value relations;  // JSON array; NULL = not known
  Moment moment;
  std::string run;
  std::int64_t kept_at = 0;
  std::int64_t used_at = 0;
};

ResponseCache::ResponseCache(const ResponseOptions& options, const Clock& clock)
    : options_(options), clock_(clock), run_(new_uuid()) {}

ResponseCache::Moment ResponseCache::moment(Store& store) const {
  const std::int64_t forwarded = store.forwarded_writes();
  auto reader = store.reader();
  Statement& statement = reader->cached(
      "SELECT coalesce("
      "(SELECT min(sequence) - 1 FROM hf_outbox WHERE ended_at IS NULL),"
      "(SELECT seq FROM sqlite_sequence WHERE name='hf_outbox'), 0)");
  statement.step();
  const std::int64_t own = statement.integer(0);
  statement.reset();
  return {own, forwarded};
}

bool ResponseCache::keep(Store& store, std::string key, const http::Response& response,
                         const Relations& relations, const Moment& moment) const {
  const auto size = static_cast<std::int64_t>(response.body.size());
  if (options_.max_bytes <= 0 || size > options_.max_bytes / kShareOfOne) return false;
  if (!may_be_kept(response) || waiting_ > kMostWaiting) return false;
  waiting_ += size;
  const std::int64_t now = micros(clock_.now());
  auto entry = std::make_shared<const Entry>(
      Entry{std::move(key), response.status, print_headers(response.headers), response.body,
            text_or_null(relations), moment, run_, now, now});
  store.writer().submit(
      Writer::Priority::kBackground,
      [this, entry](Transaction& transaction) { write(transaction, *entry); },
      [this, size](const std::exception_ptr&) { waiting_ -= size; });
  return true;
}

void ResponseCache::write(Transaction& transaction, const Entry& entry) const {
  Database& database = transaction.database();
  Statement& known = database.cached(
      "SELECT 1 FROM hf_responses WHERE key=?1 AND kept_at>?2 AND status=?3 AND body=?4"
      " AND own_writes=?5 AND run=?6 AND forwarded_writes=?7");
  known.bind(1, std::string_view(entry.key));
  known.bind(2, entry.kept_at - std::chrono::microseconds(kRewriteAfter).count());
  known.bind(3, std::int64_t{entry.status}).bind(4, std::string_view(entry.body));
  known.bind(5, entry.moment.own_writes).bind(6, std::string_view(entry.run));
  known.bind(7, entry.moment.forwarded_writes);
  const bool same = known.step();
  known.reset();
  if (same) return;
  Statement& put = database.cached(
      "INSERT OR REPLACE INTO hf_responses(key, status, headers, relations, own_writes, run,"
      " forwarded_writes, kept_at, used_at, size, body)"
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
  const auto size = static_cast<std::int64_t>(entry.headers.size() + entry.body.size());
  put.bind(1, std::string_view(entry.key)).bind(2, std::int64_t{entry.status});
  put.bind(3, std::string_view(entry.headers)).bind(4, entry.relations);
  put.bind(5, entry.moment.own_writes).bind(6, std::string_view(entry.run));
  put.bind(7, entry.moment.forwarded_writes).bind(8, entry.kept_at).bind(9, entry.used_at);
  put.bind(10, size).bind(11, std::string_view(entry.body)).run();
  Statement& evict = database.cached(
      "DELETE FROM hf_responses WHERE id IN (SELECT id FROM ("
      "SELECT id, sum(size) OVER (ORDER BY used_at DESC, id DESC) AS total FROM hf_responses)"
      " WHERE total>?1)");
  evict.bind(1, options_.max_bytes).run();
}

std::optional<ResponseCache::Kept> ResponseCache::find(Store& store, const std::string& key) const {
  auto reader = store.reader();
  Entry entry;
  {
    Statement& statement = reader->cached(
        "SELECT status, headers, relations, own_writes, run, forwarded_writes, kept_at, used_at,"
        " body FROM hf_responses WHERE key=?1");
    statement.bind(1, std::string_view(key));
    if (!statement.step()) return std::nullopt;
    entry.status = static_cast<int>(statement.integer(0));
    entry.headers = statement.text(1);
    entry.relations = statement.is_null(2) ? Value(Null{}) : Value(std::string(statement.text(2)));
    entry.moment = {statement.integer(3), statement.integer(5)};
    entry.run = statement.text(4);
    entry.kept_at = statement.integer(6);
    entry.used_at = statement.integer(7);
    entry.body = statement.text(8);
    statement.reset();
  }
  // Those of an earlier run were deleted with the forwarded write; of this run it may be under way.
  const std::int64_t forwarded = entry.run == run_ ? entry.moment.forwarded_writes : 0;
  if (forwarded != store.forwarded_writes() || !shows_own_writes(*reader, entry)) {
    return std::nullopt;
  }
  const auto elapsed = [now = clock_.now()](std::int64_t since) {
    const auto time = now - Timestamp(std::chrono::microseconds(since));
    return std::max(std::chrono::duration_cast<seconds>(time), seconds(0));
  };
  if (elapsed(entry.used_at) >= kUseNoted) note_use(store, key);
  return Kept{{entry.status, read_headers(entry.headers), std::move(entry.body)},
              elapsed(entry.kept_at)};
}

bool ResponseCache::shows_own_writes(Database& database, const Entry& entry) const {
  // What is missing among the later entries was delivered and forgotten: its relation is unknown.
  Statement& statement = database.cached(
      "SELECT (SELECT count(*) FROM hf_outbox WHERE sequence>?1)"
      "   < coalesce((SELECT seq FROM sqlite_sequence WHERE name='hf_outbox'), 0) - ?1"
      " OR EXISTS(SELECT 1 FROM hf_outbox AS entry"
      "   WHERE sequence>?1 AND state NOT IN ('dead', 'discarded')"
      "   AND (?2 IS NULL OR relation IN (SELECT value FROM json_each(?2))"
      "     OR EXISTS(SELECT 1 FROM hf_effects AS effect WHERE effect.entry=entry.sequence"
      "       AND effect.relation IN (SELECT value FROM json_each(?2)))))");
  statement.bind(1, entry.moment.own_writes).bind(2, entry.relations);
  statement.step();
  const bool hidden = statement.integer(0) != 0;
  statement.reset();
  return !hidden;
}

void ResponseCache::note_use(Store& store, const std::string& key) const {
  store.writer().submit(
      Writer::Priority::kBackground,
      [key, now = micros(clock_.now())](Transaction& transaction) {
        Statement& statement =
            transaction.database().cached("UPDATE hf_responses SET used_at=?2 WHERE key=?1");
        statement.bind(1, std::string_view(key)).bind(2, now).run();
      },
      [](const std::exception_ptr&) {});
}

}  // namespace holdfast::cache
