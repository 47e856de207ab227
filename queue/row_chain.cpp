#include "queue/row_chain.h"

#include "cache/sqlite/statement.h"
#include "cache/values/json.h"
#include "gateway/crypto/digest.h"
#include "queue/framed.h"

namespace holdfast::queue {
namespace {

using cache::Database;
using cache::Statement;
using cache::Transaction;

struct Link {
  std::string relation;
  std::int64_t number = 0;
  std::string entry;
  std::string content;
  std::int64_t at = 0;
  std::string hash;
};

std::string hash_of(const Link& link, const std::string& before) {
  return crypto::sha256_hex(framed({before, link.relation, std::to_string(link.number), link.entry,
                                    std::to_string(link.at), link.content}));
}

std::string subject_of(const std::string& relation) { return "rows of " + relation; }

std::string head_text(const Link& link) { return std::to_string(link.number) + ' ' + link.hash; }

Link newest(Database& database, const std::string& relation) {
  Statement& statement = database.cached(
      "SELECT number, hash FROM hf_row_chains WHERE relation=?1 ORDER BY number DESC LIMIT 1");
  statement.bind(1, std::string_view(relation));
  Link link;
  if (statement.step()) {
    link.number = statement.integer(0);
    link.hash = statement.text(1);
  }
  statement.reset();
  return link;
}

void store(Database& database, const Link& link) {
  Statement& insert = database.cached(
      "INSERT INTO hf_row_chains(relation, number, entry, content, at, hash)"
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
  insert.bind(1, std::string_view(link.relation)).bind(2, link.number);
  insert.bind(3, std::string_view(link.entry)).bind(4, std::string_view(link.content));
  insert.bind(5, link.at).bind(6, std::string_view(link.hash)).run();
}

// The head that the journal knows; empty when its record was cut off.
std::string known_head(Database& database, const std::string& relation) {
  Statement& statement = database.cached(
      "SELECT became FROM hf_journal WHERE event='note' AND subject=?1 ORDER BY number DESC LIMIT"
      " 1");
  statement.bind(1, std::string_view(subject_of(relation)));
  std::string head;
  if (statement.step()) head = statement.text(0);
  statement.reset();
  return head;
}

// Tables that have rows, or had some by the journal.
std::vector<std::string> relations(Database& database) {
  Statement statement(database,
                      "SELECT relation FROM hf_row_chains UNION"
                      " SELECT substr(subject, 9) FROM hf_journal"
                      " WHERE event='note' AND subject LIKE 'rows of %'");
  std::vector<std::string> names;
  while (statement.step()) names.emplace_back(statement.text(0));
  return names;
}

}  // namespace

void RowChain::append(Transaction& transaction, const Entry& entry) {
  const auto body = cache::parse_body(entry.body, cache::BodyKeys::kAny);
  if (!body || body->rows.empty()) return;
  Database& database = transaction.database();
  Link link = newest(database, entry.relation);
  link.relation = entry.relation;
  link.entry = entry.id;
  link.at = entry.created_at.time_since_epoch().count();
  for (const auto& row : body->rows) {
    ++link.number;
    link.content = cache::print_object(row);
    link.hash = hash_of(link, link.hash);
    store(database, link);
  }
  Journal::note(transaction, subject_of(entry.relation), head_text(link));
}

std::vector<JournalFault> RowChain::verify(Database& database) {
  std::vector<JournalFault> faults;
  for (const std::string& relation : relations(database)) {
    Statement statement(database,
                        "SELECT number, entry, content, at, hash FROM hf_row_chains"
                        " WHERE relation=?1 ORDER BY number");
    statement.bind(1, std::string_view(relation));
    Link last;
    while (statement.step()) {
      const Link link{relation,
                      statement.integer(0),
                      std::string(statement.text(1)),
                      std::string(statement.text(2)),
                      statement.integer(3),
                      std::string(statement.text(4))};
      if (link.number != last.number + 1) {
        faults.push_back({last.number + 1, "rows of " + relation + " are missing"});
      }
      if (link.hash != hash_of(link, last.hash)) {
        faults.push_back({link.number, "row " + std::to_string(link.number) + " of " + relation +
                                           ", or the one before, is altered"});
      }
      last = link;
    }
    const std::string known = known_head(database, relation);
    if (!known.empty() && known != head_text(last)) {
      faults.push_back(
          {last.number, "the newest rows of " + relation + " are not those of the journal"});
    }
  }
  return faults;
}

}  // namespace holdfast::queue
