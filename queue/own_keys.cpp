#include "queue/own_keys.h"

namespace holdfast::queue {
namespace {

void add_made(cache::Database& database, std::string_view relation, std::int64_t first,
              std::int64_t last, OwnKeys& keys) {
  cache::Statement& statement = database.cached(
      "SELECT real FROM hf_temporary_ids WHERE relation=?1 AND real BETWEEN ?2 AND ?3");
  statement.bind(1, relation).bind(2, first).bind(3, last);
  while (statement.step()) keys.made.insert(statement.integer(0));
  statement.reset();
}

bool sends(cache::Database& database, std::string_view relation) {
  cache::Statement& statement = database.cached(
      "SELECT 1 FROM hf_outbox o JOIN hf_temporary_ids t ON t.entry=o.sequence AND t.real IS NULL"
      " WHERE o.state='sending' AND t.relation=?1 LIMIT 1");
  statement.bind(1, relation);
  const bool found = statement.step();
  statement.reset();
  return found;
}

}  // namespace

OwnKeys own_keys(const Sender& sender, std::string_view relation, std::int64_t first,
                 std::int64_t last) {
  OwnKeys keys;
  add_made(*sender.store.reader(), relation, first, last, keys);
  if (!sender.all_stores) return keys;
  for (const auto& store : sender.all_stores()) {
    if (store.get() == &sender.store) continue;
    auto reader = store->reader();
    // Before what is made: an answer that comes in between is in one of both.
    keys.more_may_come = sends(*reader, relation) || keys.more_may_come;
    add_made(*reader, relation, first, last, keys);
  }
  return keys;
}

}  // namespace holdfast::queue
