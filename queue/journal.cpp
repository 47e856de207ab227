#include "queue/journal.h"

#include <algorithm>

#include "gateway/crypto/digest.h"
#include "queue/damage.h"
#include "queue/framed.h"
#include "queue/journal_content.h"
#include "queue/row_chain.h"

namespace holdfast::queue {
namespace {

using cache::Database;
using cache::Statement;
using cache::Transaction;

struct Record {
  std::int64_t number = 0;
  std::optional<std::int64_t> at;
  std::string event;
  std::string subject;
  std::string was;
  std::string became;
  std::string content;
  std::string mac;
};

#define HF_JOURNAL_COLUMNS                                                                \
  "number, at, event, subject, ifnull(was, ''), ifnull(became, ''), ifnull(content, '')," \
  " ifnull(mac, '')"

Record read_record(const Statement& row) {
  Record record;
  record.number = row.integer(0);
  if (!row.is_null(1)) record.at = row.integer(1);
  record.event = row.text(2);
  record.subject = row.text(3);
  record.was = row.text(4);
  record.became = row.text(5);
  record.content = row.text(6);
  record.mac = row.text(7);
  return record;
}

std::string mac_of(const std::string& key, const Record& record, const std::string& before) {
  return crypto::to_hex(crypto::hmac_sha256(
      key, framed({before, std::to_string(record.number), std::to_string(record.at.value_or(0)),
                   record.event, record.subject, record.was, record.became, record.content})));
}

// What a record says of its subject besides its state.
std::string content_of(Database& database, const Record& record) {
  if (record.event == "conflict") return conflict_content(database, record.subject);
  const bool entry = record.event == "created" || record.event == "changed";
  return entry ? entry_content(database, record.subject) : "";
}

// The newest records, in order.
struct Unsealed {
  std::vector<Record> records;
  std::string before;  // the mac of the record before them; empty when there is none
};

// Every transaction seals its own, so these are the newest ones.
Unsealed unsealed(Database& database) {
  Statement& newest =
      database.cached("SELECT " HF_JOURNAL_COLUMNS " FROM hf_journal ORDER BY number DESC");
  Unsealed found;
  while (found.before.empty() && newest.step()) {
    if (newest.text(7).empty()) {
      found.records.push_back(read_record(newest));
    } else {
      found.before = newest.text(7);
    }
  }
  newest.reset();
  std::reverse(found.records.begin(), found.records.end());
  return found;
}

struct Segment {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t count = 0;
  std::string head;
  std::string mac;
};

std::string mac_of(const std::string& key, const Segment& segment, const std::string& before) {
  return crypto::to_hex(crypto::hmac_sha256(
      key, framed({"segment", before, std::to_string(segment.first), std::to_string(segment.last),
                   std::to_string(segment.count), segment.head})));
}

std::vector<Segment> segments_of(Database& database) {
  Statement statement(database,
                      "SELECT first, last, count, head, mac FROM hf_journal_segments"
                      " ORDER BY first");
  std::vector<Segment> segments;
  while (statement.step()) {
    segments.push_back({statement.integer(0), statement.integer(1), statement.integer(2),
                        std::string(statement.text(3)), std::string(statement.text(4))});
  }
  return segments;
}

// Follows the chain from its beginning.
class Verification {
 public:
  Verification(const std::string& key, Database& database, ProgressCount* progress)
      : key_(key), database_(database), progress_(progress) {}

  JournalCheck run(const std::optional<JournalHead>& known) {
    follow_segments();
    follow_records(known);
    compare_entries();
    compare_conflicts();
    look_for_all();
    for (JournalFault& one : RowChain::verify(database_)) check_.faults.push_back(std::move(one));
    if (known && known->number > check_.head.number) {
      fault(known->number, "the newest records are missing: the journal ended later once");
    }
    return std::move(check_);
  }

 private:
  void fault(std::int64_t number, std::string what) {
    check_.faults.push_back({number, std::move(what)});
  }

  void count() const {
    if (progress_ != nullptr) progress_->add(1);
  }

  void follow_segments() {
    std::string before;
    for (const Segment& segment : segments_of(database_)) {
      const bool whole = segment.first == check_.head.number + 1 &&
                         segment.last - segment.first + 1 == segment.count;
      if (!whole || segment.mac != mac_of(key_, segment, before)) {
        fault(segment.first, "the segment that was cut off here is altered, or one is missing");
      }
      before = segment.mac;
      check_.head = {segment.last, segment.head};
    }
  }

  void follow_records(const std::optional<JournalHead>& known) {
    Statement statement(database_, "SELECT " HF_JOURNAL_COLUMNS " FROM hf_journal ORDER BY number");
    while (statement.step()) {
      const Record record = read_record(statement);
      ++check_.records;
      count();
      if (record.number != check_.head.number + 1) {
        fault(check_.head.number + 1,
              "records are missing before number " + std::to_string(record.number));
      }
      if (record.mac != mac_of(key_, record, check_.head.mac)) {
        fault(record.number, record.mac.empty() ? "the record was never sealed"
                                                : "the record, or the one before, is altered");
      }
      check_.head = {record.number, record.mac};
      if (known && known->number == record.number && known->mac != record.mac) {
        fault(record.number, "the journal was replaced: its head was another one once");
      }
    }
  }

  // An entry must be what its newest records say of it.
  void compare_entries() {
    compare("entry", entry_content, R"sql(
SELECT o.id, o.state,
  (SELECT ifnull(content, '') FROM hf_journal j WHERE j.subject=o.id
     AND j.event IN ('created', 'changed') ORDER BY j.number DESC LIMIT 1),
  (SELECT ifnull(became, '') FROM hf_journal j WHERE j.subject=o.id
     AND j.event IN ('created', 'state') ORDER BY j.number DESC LIMIT 1),
  (SELECT max(number) FROM hf_journal j WHERE j.subject=o.id)
FROM hf_outbox o ORDER BY o.sequence)sql");
  }

  void compare_conflicts() {
    compare("conflict", conflict_content, R"sql(
SELECT c.id, trim(c.state || ' ' || ifnull(c.choice, '')),
  (SELECT ifnull(content, '') FROM hf_journal j WHERE j.subject=c.id
     AND j.event='conflict' ORDER BY j.number DESC LIMIT 1),
  (SELECT trim(ifnull(became, '')) FROM hf_journal j WHERE j.subject=c.id
     AND j.event IN ('conflict', 'decided') ORDER BY j.number DESC LIMIT 1),
  (SELECT max(number) FROM hf_journal j WHERE j.subject=c.id)
FROM hf_conflicts c ORDER BY c.sequence)sql");
  }

  void compare(const std::string& what, std::string (*content)(Database&, const std::string&),
               const char* sql) {
    Statement statement(database_, sql);
    while (statement.step()) {
      count();
      const std::string id(statement.text(0));
      const std::int64_t number = statement.is_null(4) ? 0 : statement.integer(4);
      std::string named = "the " + what;
      named.append(" ").append(id);
      if (!statement.is_null(2) && statement.text(2) != content(database_, id)) {
        fault(number, named + " was altered after its last record");
      }
      if (!statement.is_null(3) && statement.text(3) != statement.text(1)) {
        fault(number, named + " is in another state than its last record says");
      }
    }
  }

  // What was queued is there until a record says that it is forgotten; conflicts stay.
  void look_for_all() {
    Statement statement(database_, R"sql(
SELECT c.event, c.subject, c.number FROM hf_journal c
WHERE (c.event='created' AND NOT EXISTS (SELECT 1 FROM hf_outbox o WHERE o.id=c.subject)
    AND NOT EXISTS (SELECT 1 FROM hf_journal f WHERE f.subject=c.subject AND f.event='forgotten'))
  OR (c.event='conflict' AND NOT EXISTS (SELECT 1 FROM hf_conflicts o WHERE o.id=c.subject))
ORDER BY c.number)sql");
    while (statement.step()) {
      const std::string what = statement.text(0) == "created" ? "the entry " : "the conflict ";
      fault(statement.integer(2),
            what + std::string(statement.text(1)) + " is gone, and no record says why");
    }
  }

  const std::string& key_;
  Database& database_;
  ProgressCount* const progress_;
  JournalCheck check_;
};

}  // namespace

Journal::Journal(std::string secret, const Clock& clock)
    : key_([&] {
        const auto key = crypto::hmac_sha256(secret, "holdfast journal");
        return std::string(key.begin(), key.end());
      }()),
      clock_(clock) {}

void Journal::attach(cache::Store& store) const {
  store.writer().before_commit(
      [journal = *this](Transaction& transaction) { journal.seal(transaction); });
  // What a version without a journal, or a tool, has left is sealed as well.
  store.writer().run(cache::Writer::Priority::kEssential, [&](Transaction& transaction) {
    refuse_damaged(transaction, store.overlay(), clock_.now());
  });
}

void Journal::seal(Transaction& transaction) const {
  Database& database = transaction.database();
  auto [records, before] = unsealed(database);
  if (records.empty()) return;
  // Before them may be what was cut off.
  if (before.empty()) before = head(database).mac;
  const std::int64_t now = clock_.now().time_since_epoch().count();
  Statement& update =
      database.cached("UPDATE hf_journal SET at=?2, content=?3, mac=?4 WHERE number=?1");
  for (Record& record : records) {
    record.at = now;
    record.content = content_of(database, record);
    record.mac = mac_of(key_, record, before);
    before = record.mac;
    update.bind(1, record.number).bind(2, now);
    if (record.content.empty()) {
      update.bind(3, cache::Null{});
    } else {
      update.bind_borrowed(3, record.content);
    }
    update.bind_borrowed(4, record.mac).run();
  }
}

void Journal::note(Transaction& transaction, const std::string& subject, const std::string& what) {
  Statement& insert = transaction.database().cached(
      "INSERT INTO hf_journal(event, subject, became) VALUES('note', ?1, ?2)");
  insert.bind(1, std::string_view(subject)).bind(2, std::string_view(what)).run();
}

std::int64_t Journal::cut(Transaction& transaction, Timestamp before) const {
  Database& database = transaction.database();
  // The newest stays: the chain goes on from it.
  Statement& range = database.cached(
      "SELECT min(number), max(number), count(*) FROM hf_journal WHERE at<?1 AND mac IS NOT NULL"
      " AND number<(SELECT max(number) FROM hf_journal)");
  range.bind(1, std::int64_t{before.time_since_epoch().count()}).step();
  Segment segment{range.integer(0), range.integer(1), range.integer(2), "", ""};
  range.reset();
  if (segment.count == 0 || segment.last - segment.first + 1 != segment.count) return 0;
  Statement& last = database.cached("SELECT mac FROM hf_journal WHERE number=?1");
  last.bind(1, segment.last).step();
  segment.head = last.text(0);
  last.reset();
  const auto earlier = segments_of(database);
  segment.mac = mac_of(key_, segment, earlier.empty() ? "" : earlier.back().mac);
  Statement& insert = database.cached("INSERT INTO hf_journal_segments VALUES(?1, ?2, ?3, ?4, ?5)");
  insert.bind(1, segment.first).bind(2, segment.last).bind(3, segment.count);
  insert.bind(4, std::string_view(segment.head)).bind(5, std::string_view(segment.mac)).run();
  Statement& remove = database.cached("DELETE FROM hf_journal WHERE number<=?1");
  remove.bind(1, segment.last).run();
  return segment.count;
}

JournalHead Journal::head(Database& database) {
  Statement& newest = database.cached(
      "SELECT number, mac FROM hf_journal WHERE mac IS NOT NULL ORDER BY number DESC LIMIT 1");
  JournalHead head;
  if (newest.step()) head = {newest.integer(0), std::string(newest.text(1))};
  newest.reset();
  if (head.number != 0) return head;
  const auto segments = segments_of(database);
  return segments.empty() ? head : JournalHead{segments.back().last, segments.back().head};
}

JournalCheck Journal::verify(Database& database, const std::optional<JournalHead>& known,
                             ProgressCount* progress) const {
  return Verification(key_, database, progress).run(known);
}

std::int64_t Journal::to_verify(Database& database) {
  Statement statement(database,
                      "SELECT (SELECT count(*) FROM hf_journal) + (SELECT count(*) FROM hf_outbox)"
                      " + (SELECT count(*) FROM hf_conflicts)");
  statement.step();
  return statement.integer(0);
}

}  // namespace holdfast::queue
