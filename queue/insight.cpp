#include "queue/insight.h"

namespace holdfast::queue {
namespace {

using cache::Database;
using cache::Statement;

#define HF_RECORD                                                                           \
  "SELECT number, at, event, subject, ifnull(was, ''), ifnull(became, ''), ifnull(mac, '')" \
  " FROM hf_journal "

std::vector<JournalRecord> read_all(Statement& statement) {
  std::vector<JournalRecord> records;
  while (statement.step()) {
    JournalRecord record;
    record.number = statement.integer(0);
    if (!statement.is_null(1))
      record.at = Timestamp(std::chrono::microseconds(statement.integer(1)));
    record.event = statement.text(2);
    record.subject = statement.text(3);
    record.was = statement.text(4);
    record.became = statement.text(5);
    record.mac = statement.text(6);
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

std::vector<JournalRecord> journal_after(Database& database, std::int64_t after, int limit) {
  Statement& statement =
      database.cached(HF_RECORD "WHERE number > ?1 AND mac IS NOT NULL ORDER BY number LIMIT ?2");
  statement.bind(1, after).bind(2, static_cast<std::int64_t>(limit));
  return read_all(statement);
}

std::vector<JournalRecord> journal_before(Database& database, std::int64_t before,
                                          const std::string& subject, int limit) {
  Statement& statement =
      database.cached(subject.empty() ? HF_RECORD "WHERE number < ?1 ORDER BY number DESC LIMIT ?2"
                                      : HF_RECORD
                          "WHERE subject = ?3 AND number < ?1 ORDER BY number DESC LIMIT ?2");
  statement.bind(1, before).bind(2, static_cast<std::int64_t>(limit));
  if (!subject.empty()) statement.bind(3, std::string_view(subject));
  return read_all(statement);
}

std::int64_t journal_number_at(Database& database, Timestamp time) {
  Statement& statement =
      database.cached("SELECT ifnull(max(number), 0) FROM hf_journal WHERE at < ?1");
  statement.bind(1, static_cast<std::int64_t>(time.time_since_epoch().count()));
  statement.step();
  const std::int64_t number = statement.integer(0);
  statement.reset();
  return number;
}

bool holds_at_least(Database& database, std::int64_t entries) {
  // No more than there are numbers from the first unfinished one on.
  Statement& range = database.cached(
      "SELECT (SELECT max(sequence) FROM hf_outbox) - min(sequence) + 1 FROM hf_outbox"
      " WHERE ended_at IS NULL");
  const bool few = !range.step() || range.is_null(0) || range.integer(0) < entries;
  range.reset();
  if (few) return false;
  Statement& count = database.cached("SELECT count(*) FROM hf_outbox WHERE ended_at IS NULL");
  count.step();
  const bool many = count.integer(0) >= entries;
  count.reset();
  return many;
}

Retries retries(Database& database) {
  Statement& statement = database.cached(
      "SELECT count(*), ifnull(max(attempts), 0) FROM hf_outbox WHERE attempts > 0 AND state NOT IN"
      " ('acknowledged', 'resolved', 'dead', 'discarded')");
  statement.step();
  const Retries found{statement.integer(0), statement.integer(1)};
  statement.reset();
  return found;
}

}  // namespace holdfast::queue
