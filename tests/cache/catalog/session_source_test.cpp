#include <gmock/gmock.h>

#include "cache/catalog/postgres_source.h"
#include "tests/support/postgres.h"

namespace holdfast::cache {
namespace {

TEST(SessionSourceTest, WhatSessionsHaveSetIsThatOfTheApisRoles) {
  const test::PostgresCluster cluster;
  cluster.create_database("set");
  cluster.run(R"sql(
    create role authenticator noinherit; create role shop;
    alter role postgres set timezone = 'Asia/Tokyo';
    alter database set set timezone = 'Europe/Berlin';
    alter database set set default_text_search_config = 'pg_catalog.german';
    alter role authenticator set intervalstyle = 'iso_8601';
    alter role shop set timezone = 'America/New_York';
  )sql");
  const auto catalog = read_catalog_from_postgres(cluster.url("set"), {"public"});
  ASSERT_TRUE(catalog) << catalog.error().message;
  const Session& usual = catalog->session("anon");
  EXPECT_EQ(usual.timezone, "Europe/Berlin");
  EXPECT_EQ(usual.text_search, "german");
  EXPECT_EQ(usual.interval_style, "iso_8601");
  EXPECT_EQ(usual.bytea_output, "hex");
  EXPECT_THAT(usual.letters, ::testing::StartsWith("libc/C.UTF-8/"));
  EXPECT_EQ(catalog->session("shop").timezone, "America/New_York");
  EXPECT_EQ(catalog->session("shop").text_search, "german");
  EXPECT_EQ(parse_catalog(print_catalog(*catalog))->sessions(), catalog->sessions());
}

}  // namespace
}  // namespace holdfast::cache
