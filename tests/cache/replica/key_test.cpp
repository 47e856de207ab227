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
  const std::string one = R"({"todo_id":1,"name":"a,b"})";
  const std::string other = R"({"todo_id":2,"name":"c"})";
  EXPECT_EQ(http::percent_decode(key_filter(tags, {one, other})),
            R"x(or=(and(todo_id.eq."1",name.eq."a,b"),and(todo_id.eq."2",name.eq."c")))x");
}

// Not every server undoes the escapes of a value inside a tree of conditions.
TEST(KeyTest, ASingleRowIsNamedWithoutAnyEscapes) {
  const auto known = sample::catalog();
  const Table& tags = *known->find("public", "tags");
  const std::string filter = key_filter(tags, {R"({"todo_id":1,"name":"a,(\"\\&"})"});
  EXPECT_EQ(filter, "todo_id=eq.1&name=eq.a%2C%28%22%5C%26");
}

TEST(KeyTest, AColumnWhoseNameMeansSomethingElseIsNamedInATree) {
  Table table;
  for (const char* name : {"order", "a.b", "plain"}) {
    Column column;
    column.name = name;
    column.type = make_type("text");
    table.columns.push_back(column);
  }
  table.primary_key = Key{"pk", {0}};
  EXPECT_EQ(http::percent_decode(key_filter(table, {R"({"order":"x"})"})), R"(and=(order.eq."x"))");
  EXPECT_EQ(http::percent_decode(key_filter(table, {R"({"order":"x"})", R"({"order":"y"})"})),
            R"(and=(order.in.("x","y")))");
  EXPECT_EQ(http::percent_decode(value_filter(table.columns[1], std::string("x"))),
            R"(and=("a.b".eq."x"))");
  EXPECT_EQ(value_filter(table.columns[2], Null{}), "plain=is.null");
}

}  // namespace
}  // namespace holdfast::cache
