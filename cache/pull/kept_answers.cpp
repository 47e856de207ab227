#include "cache/pull/kept_answers.h"

namespace holdfast::cache {
namespace {

// Each reads through all kept bodies, in the writer.
constexpr std::size_t kMostLookedFor = 20;

}  // namespace

void forget_answers_with(Transaction& transaction, const std::string& relation,
                         const std::vector<std::string>& keys) {
  if (keys.empty()) return;
  if (keys.size() > kMostLookedFor) return forget_answers_of(transaction, relation);
  Statement& of_relation = transaction.database().cached(
      "DELETE FROM hf_responses WHERE ?1 IN (SELECT value FROM json_each(relations))");
  of_relation.bind(1, std::string_view(relation)).run();
  // Too short a part only finds too much.
  Statement& holding = transaction.database().cached(
      "DELETE FROM hf_responses WHERE relations IS NULL AND NOT EXISTS("
      "SELECT 1 FROM json_each(?1) WHERE instr(body, trim(json_quote(value), '\"'))=0)");
  for (const std::string& key : keys) holding.bind(1, std::string_view(key)).run();
}

void forget_answers_of(Transaction& transaction, const std::string& relation) {
  Statement& statement = transaction.database().cached(
      "DELETE FROM hf_responses WHERE relations IS NULL"
      " OR ?1 IN (SELECT value FROM json_each(relations))");
  statement.bind(1, std::string_view(relation)).run();
}

}  // namespace holdfast::cache
