#include "queue/forwarded_keys.h"

#include "queue/outbox_sql.h"

namespace holdfast::queue {

using cache::Statement;

namespace {

// Whoever repeats what may have taken effect may be at it for days.
constexpr std::chrono::hours kUnansweredLonger{30 * 24};

}  // namespace

std::optional<ForwardedRequest> find_forwarded(cache::Database& database,
                                               const std::string& app_key) {
  Statement& statement =
      database.cached("SELECT request, answer FROM hf_forwarded_keys WHERE app_key=?1");
  statement.bind(1, std::string_view(app_key));
  if (!statement.step()) return std::nullopt;
  ForwardedRequest found{std::string(statement.text(0)), std::nullopt};
  if (!statement.is_null(1)) found.answer = std::string(statement.text(1));
  statement.reset();
  return found;
}

void note_forwarding(cache::Transaction& transaction, const std::string& app_key,
                     const std::string& request, Timestamp now) {
  Statement& insert = transaction.database().cached(
      "INSERT INTO hf_forwarded_keys(app_key, request, at) VALUES(?1, ?2, ?3)");
  insert.bind(1, std::string_view(app_key)).bind(2, std::string_view(request));
  insert.bind(3, micros(now)).run();
}

void keep_forwarded_answer(cache::Transaction& transaction, const std::string& app_key,
                           const std::string& answer) {
  Statement& update =
      transaction.database().cached("UPDATE hf_forwarded_keys SET answer=?2 WHERE app_key=?1");
  update.bind(1, std::string_view(app_key)).bind(2, std::string_view(answer)).run();
}

void free_forwarded_key(cache::Transaction& transaction, const std::string& app_key) {
  Statement& free = transaction.database().cached("DELETE FROM hf_forwarded_keys WHERE app_key=?1");
  free.bind(1, std::string_view(app_key)).run();
}

void forget_forwarded(cache::Transaction& transaction, Timestamp before) {
  Statement& forget = transaction.database().cached(
      "DELETE FROM hf_forwarded_keys WHERE at<?1 AND (answer IS NOT NULL OR at<?2)");
  forget.bind(1, micros(before)).bind(2, micros(before - kUnansweredLonger)).run();
}

}  // namespace holdfast::queue
