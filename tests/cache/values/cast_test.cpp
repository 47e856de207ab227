// Holds explicit casts against a real PostgreSQL.

#include "cache/values/cast.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cache/values/codec.h"
#include "tests/support/postgres.h"

namespace holdfast::test {
namespace {

constexpr const char* kTry = R"sql(
SET client_min_messages = error;
CREATE FUNCTION try(text, text, text) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE r text;
BEGIN
  EXECUTE format('SELECT CAST(CAST(%L AS %s) AS %s)::text', $1, $2, $3) INTO r;
  RETURN r;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $f$;
)sql";

constexpr const char* kTryNull = R"sql(
SET client_min_messages = error;
CREATE FUNCTION try_null(text, text) RETURNS text LANGUAGE plpgsql AS $f$
BEGIN
  EXECUTE format('SELECT CAST(NULL::%s AS %s)', $1, $2);
  RETURN 'cast';
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $f$;
)sql";

const std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> kValues = {
    {{"smallint", "integer", "bigint"}, {"0", "-1", "2", "32767", "-32768"}},
    {{"integer", "bigint"}, {"32768", "2147483647", "-2147483648", "16777217", "123456789"}},
    {{"bigint"}, {"2147483648", "9223372036854775807", "9007199254740993"}},
    {{"numeric", "real", "double precision"},
     {"0", "0.5", "1.5", "2.5", "-0.5", "-1.5", "0.4999", "32767.5", "-32768.5", "2147483647.5",
      "1e10", "9.3e18", "NaN", "Infinity", "-Infinity", "0.1", "123456.789", "1e-30", "3e38"}},
    {{"numeric"},
     {"2147483647.4", "9223372036854775807.4", "1e40", "1e-60", "12345678901234567890"}},
    {{"double precision"}, {"1e300", "1e-300", "3.14159265358979312", "4.5e15", "1e15", "1e16"}},
    {{"boolean"}, {"true", "false"}},
    {{"date"}, {"2026-11-21", "infinity", "-infinity", "5874897-12-31", "0044-03-15 BC"}},
    {{"timestamp without time zone", "timestamp with time zone"},
     {"2026-11-21 23:59:59.999999", "infinity", "-infinity", "1999-12-31 00:00:00",
      "0044-03-15 10:00:00 BC"}},
    {{"jsonb"},
     {"1.5", "2.5", "-0.5", "1e2", "1.10", "99999999999", "1e40", "12345678901234567890123", "true",
      "false", "\"1\"", "[1]", "{}", "{\"a\": 1}"}}};

const std::vector<std::string> kTargets = {"smallint",
                                           "integer",
                                           "bigint",
                                           "numeric",
                                           "numeric(6,2)",
                                           "real",
                                           "double precision",
                                           "boolean",
                                           "text",
                                           "date",
                                           "timestamp without time zone",
                                           "timestamp with time zone",
                                           "time without time zone"};

struct Case {
  std::string value;
  cache::Type from;
  cache::Type to;
};

std::vector<Case> make_cases() {
  std::vector<Case> cases;
  for (const auto& [sources, values] : kValues) {
    for (const auto& source : sources) {
      for (const auto& target : kTargets) {
        for (const auto& value : values) {
          Case each{value, cache::make_type(source), cache::make_type(target)};
          if (casts_exactly(each.from, each.to)) cases.push_back(std::move(each));
        }
      }
    }
  }
  return cases;
}

std::string ours(const Case& each) {
  const auto value = cache::parse_text(each.from, each.value);
  const auto cast = value ? cache::cast_value(each.from, each.to, view(*value)) : value;
  if (!cast) return cast.error().code + " " + cast.error().message;
  std::string text;
  cache::print_text(each.to, view(*cast), text);
  return text;
}

TEST(CastTest, EveryCastGivesPostgresValueOrError) {
  const PostgresCluster postgres;
  const auto cases = make_cases();
  ASSERT_GT(cases.size(), 400U);
  std::string sql = kTry;
  for (const auto& each : cases) {
    sql += "SELECT try('" + each.value + "', '" + each.from.name + "', '" + each.to.name + "');\n";
  }
  std::istringstream theirs(postgres.run(sql));
  std::string line;
  for (const auto& each : cases) {
    std::getline(theirs, line);
    EXPECT_EQ(ours(each), line) << each.value << " " << each.from.name << " to " << each.to.name;
  }
}

// What is told to be no cast, for every pair of types whatever their values.
TEST(CastTest, WhereThereIsNoCastPostgresHasNone) {
  const std::vector<const char*> types = {"smallint",
                                          "integer",
                                          "bigint",
                                          "real",
                                          "double precision",
                                          "numeric",
                                          "boolean",
                                          "text",
                                          "uuid",
                                          "date",
                                          "timestamp without time zone",
                                          "timestamp with time zone",
                                          "time without time zone",
                                          "time with time zone",
                                          "interval",
                                          "json",
                                          "jsonb",
                                          "bytea",
                                          "integer[]",
                                          "text[]",
                                          "int4range",
                                          "tstzrange",
                                          "oid",
                                          "name",
                                          "tsvector",
                                          "money"};
  std::vector<std::pair<cache::Type, cache::Type>> pairs;
  std::string sql;
  for (const char* from : types) {
    for (const char* to : types) {
      if (cache::has_cast(cache::make_type(from), cache::make_type(to))) continue;
      pairs.emplace_back(cache::make_type(from), cache::make_type(to));
      sql += std::string("SELECT try_null('") + from + "', '" + to + "');\n";
    }
  }
  ASSERT_GT(pairs.size(), 200U);
  const PostgresCluster postgres;
  std::istringstream theirs(postgres.run(kTryNull + sql));
  std::string line;
  for (const auto& [from, to] : pairs) {
    std::getline(theirs, line);
    EXPECT_EQ(line, "42846 cannot cast type " + from.base + " to " + to.base);
  }
}

TEST(CastTest, DocumentsAndMomentsAreCastHere) {
  EXPECT_TRUE(casts_exactly(cache::make_type("jsonb"), cache::make_type("integer")));
  EXPECT_TRUE(casts_exactly(cache::make_type("jsonb"), cache::make_type("boolean")));
  EXPECT_FALSE(casts_exactly(cache::make_type("jsonb"), cache::make_type("date")));
  EXPECT_TRUE(casts_exactly(cache::make_type("timestamptz"), cache::make_type("time")));
}

// Newer servers have NULL for it, older ones an error.
TEST(CastTest, TheJsonNullIsTheUpstreamsToCast) {
  const auto cast = cache::cast_value(cache::make_type("jsonb"), cache::make_type("integer"),
                                      cache::ValueView(std::string_view("null")));
  ASSERT_FALSE(cast);
  EXPECT_EQ(cast.error().code, cache::kForwardCode);
}

}  // namespace
}  // namespace holdfast::test
