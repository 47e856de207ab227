#include "cache/replica/meta.h"

namespace holdfast::cache {
namespace {

constexpr const char* kFact = "SELECT value FROM hf_meta WHERE name=?1";

}  // namespace

void put_meta(Database& database, std::string_view name, const Value& value) {
  Statement& put =
      database.cached("INSERT INTO hf_meta VALUES(?1, ?2) ON CONFLICT DO UPDATE SET value=?2");
  put.bind(1, name).bind(2, value).run();
}

void forget_meta(Database& database, std::string_view name) {
  database.cached("DELETE FROM hf_meta WHERE name=?1").bind(1, name).run();
}

std::optional<std::int64_t> meta_number(Database& database, std::string_view name) {
  Statement& fact = database.cached(kFact);
  std::optional<std::int64_t> number;
  if (fact.bind(1, name).step()) number = fact.integer(0);
  fact.reset();
  return number;
}

std::optional<std::string> meta_text(Database& database, std::string_view name) {
  Statement& fact = database.cached(kFact);
  std::optional<std::string> text;
  if (fact.bind(1, name).step()) text = std::string(fact.text(0));
  fact.reset();
  return text;
}

}  // namespace holdfast::cache
