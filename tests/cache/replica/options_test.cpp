#include "cache/replica/options.h"

#include <gtest/gtest.h>

#include "cache/catalog/table.h"

namespace holdfast::cache {
namespace {

Table table(const std::string& schema, const std::string& name) {
  Table made;
  made.schema = schema;
  made.name = name;
  return made;
}

class OptionsTest : public ::testing::Test {
 protected:
  int limit_of(const std::string& schema, const std::string& name) const {
    return options_.of(table(schema, name)).max_rows;
  }

  ReplicaOptions options_;
};

TEST_F(OptionsTest, ATableOfAnotherSchemaIsSetWithItsSchema) {
  options_.table_options["todos"].max_rows = 1;
  options_.table_options["audit.todos"].max_rows = 2;
  EXPECT_EQ(limit_of("public", "todos"), 1);
  EXPECT_EQ(limit_of("audit", "todos"), 2);
  // One that is not named has the defaults, not those of its namesake.
  EXPECT_EQ(limit_of("other", "todos"), 0);
}

TEST_F(OptionsTest, TheFirstSchemaMayBeNamedToo) {
  options_.default_schema = "api";
  options_.table_options["api.todos"].max_rows = 1;
  options_.table_options["lists"].max_rows = 2;
  EXPECT_EQ(limit_of("api", "todos"), 1);
  EXPECT_EQ(limit_of("api", "lists"), 2);
  EXPECT_EQ(limit_of("public", "lists"), 0);
}

TEST_F(OptionsTest, AListNamesTablesTheSameWay) {
  const std::vector<std::string> names = {"todos", "audit.log", "public.lists"};
  EXPECT_TRUE(options_.lists(names, table("public", "todos")));
  EXPECT_TRUE(options_.lists(names, table("public", "lists")));
  EXPECT_TRUE(options_.lists(names, table("audit", "log")));
  EXPECT_FALSE(options_.lists(names, table("audit", "todos")));
  EXPECT_FALSE(options_.lists(names, table("public", "log")));
}

TEST_F(OptionsTest, ATableIsCalledByTheShorterOfItsNames) {
  EXPECT_EQ(options_.name_of(table("public", "todos")), "todos");
  EXPECT_EQ(options_.name_of(table("audit", "todos")), "audit.todos");
}

}  // namespace
}  // namespace holdfast::cache
