#include "cache/replica/key.h"

#include <gtest/gtest.h>

#include "gateway/http/uri.h"
#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

TEST(KeyTest, AKeyReadsBackAsItsValues) {
  const auto known = sample::catalog();
  const Table& tags = *known->find("public", "tags");
  const Row row = parse_row(tags, R"({"todo_id":1,"name":"it's \"x\"","weight":3})").value();
  const std::string key = key_of(tags, row);
  EXPECT_EQ(key, R"({"todo_id":1,"name":"it's \"x\""})");
  EXPECT_EQ(key_values(tags, key),
            (std::vector<Value>{std::int64_t{1}, std::string("it's \"x\"")}));
  EXPECT_THROW(key_values(tags, "no key"), std::logic_error);
}

TEST(KeyTest, AFilterSelectsExactlyTheRowsOfItsKeys) {
  const auto known = sample::catalog();
  const Table& todos = *known->find("public", "todos");
  EXPECT_EQ(key_filter(todos, {R"({"id":7})"}), "id=eq.7");
  EXPECT_EQ(http::percent_decode(key_filter(todos, {R"({"id":7})", R"({"id":8})"})),
            R"(id=in.("7","8"))");
  const Table& tags = *known->find("public", "tags");
  EXPECT_EQ(http::percent_decode(key_filter(tags, {R"({"todo_id":1,"name":"a,(\"\\"})"})),
            R"x(or=(and(todo_id.eq."1",name.eq."a,(\"\\")))x");
}

}  // namespace
}  // namespace holdfast::cache
