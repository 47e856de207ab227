#include "cache/replica/defaults.h"

#include <gtest/gtest.h>

#include "cache/values/codec.h"
#include "gateway/base/ids.h"
#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

constexpr const char* kUpstream = "(the upstream's)";

http::Principal user() {
  http::Principal principal;
  principal.kind = http::Principal::Kind::kUser;
  principal.claims =
      R"({"sub":"00000000-0000-4000-8000-00000000000a","role":"authenticated","n":1})";
  return principal;
}

// The default as it is shown, or kUpstream.
std::string computed(const char* type, std::optional<std::string> expression,
                     const http::Principal& principal = user()) {
  Column column;
  column.name = "c";
  column.type = make_type(type);
  column.default_expression = std::move(expression);
  const auto value = compute_default(column, {principal, sample::noon()});
  if (!value) return kUpstream;
  std::string text;
  print_json(column.type, view(value->value), text);
  return text;
}

TEST(DefaultsTest, WithoutADefaultAColumnIsNull) {
  EXPECT_EQ(computed("text", std::nullopt), "null");
  EXPECT_EQ(computed("text", "NULL::text"), "null");
  EXPECT_EQ(computed("text", "NULL"), "null");
}

TEST(DefaultsTest, LiteralsAreReadByTheirType) {
  EXPECT_EQ(computed("text", "'it''s'::text"), R"("it's")");
  EXPECT_EQ(computed("character varying(20)", "'x'::character varying(20)"), R"("x")");
  EXPECT_EQ(computed("text", "''::text"), R"("")");
  EXPECT_EQ(computed("integer", "42"), "42");
  EXPECT_EQ(computed("integer", "'-1'::integer"), "-1");
  EXPECT_EQ(computed("integer", "(-1)"), "-1");
  EXPECT_EQ(computed("numeric(10,2)", "0.5"), "0.50");
  EXPECT_EQ(computed("numeric(10,2)", "(1)::numeric"), "1.00");
  EXPECT_EQ(computed("boolean", "false"), "false");
  EXPECT_EQ(computed("jsonb", "'{}'::jsonb"), "{}");
  EXPECT_EQ(computed("text[]", "'{}'::text[]"), "[]");
  EXPECT_EQ(computed("text[]", "ARRAY[]::text[]"), "[]");
}

TEST(DefaultsTest, TheClockIsTheGateways) {
  EXPECT_EQ(computed("timestamp with time zone", "now()"), R"("2026-11-21T12:00:00+00:00")");
  EXPECT_EQ(computed("timestamp with time zone", "CURRENT_TIMESTAMP"),
            R"("2026-11-21T12:00:00+00:00")");
  EXPECT_EQ(computed("timestamp without time zone", "timezone('utc'::text, now())"),
            R"("2026-11-21T12:00:00")");
  EXPECT_EQ(computed("timestamp without time zone", "(now() AT TIME ZONE 'utc'::text)"),
            R"("2026-11-21T12:00:00")");
  EXPECT_EQ(computed("date", "CURRENT_DATE"), R"("2026-11-21")");
}

TEST(DefaultsTest, WhatDayItIsInAnotherZoneIsTheUpstreamsToSay) {
  const http::Principal anonymous = http::Principal::anonymous();
  const DefaultContext elsewhere{anonymous, sample::noon(), false};
  const auto knows = [&](const char* type, const char* expression) {
    Column column;
    column.type = make_type(type);
    column.default_expression = expression;
    return compute_default(column, elsewhere).has_value();
  };
  EXPECT_FALSE(knows("date", "CURRENT_DATE"));
  EXPECT_FALSE(knows("timestamp without time zone", "now()"));
  EXPECT_TRUE(knows("timestamp with time zone", "now()"));
  EXPECT_TRUE(knows("timestamp without time zone", "timezone('utc'::text, now())"));
}

TEST(DefaultsTest, RandomKeysAreMadeHereAndSaidToBe) {
  for (const char* expression :
       {"gen_random_uuid()", "uuid_generate_v4()", "extensions.uuid_generate_v4()"}) {
    Column column;
    column.type = make_type("uuid");
    column.default_expression = expression;
    const auto value = compute_default(column, {user(), sample::noon()});
    ASSERT_TRUE(value) << expression;
    EXPECT_TRUE(value->random);
    EXPECT_TRUE(is_uuid(std::get<std::string>(value->value)));
  }
}

TEST(DefaultsTest, TheUserIsThatOfTheToken) {
  EXPECT_EQ(computed("uuid", "auth.uid()"), R"("00000000-0000-4000-8000-00000000000a")");
  EXPECT_EQ(computed("text", "auth.role()"), R"("authenticated")");
  EXPECT_EQ(computed("uuid", "auth.uid()", http::Principal::anonymous()), "null");
}

// Promise 7: it never guesses.
TEST(DefaultsTest, WhatOnlyTheUpstreamCanComputeIsLeftToIt) {
  for (const char* expression :
       {"nextval('s'::regclass)", "my_function()", "(now() + '1 day'::interval)", "1 + 1",
        "('x'::text || 'y'::text)", "lower('X'::text)", "CURRENT_USER", "'a'::text || 'b'",
        "('now'::text)::date", "(auth.jwt() ->> 'org'::text)", "CURRENT_TIMESTAMP(0)"}) {
    EXPECT_EQ(computed("text", expression), kUpstream) << expression;
  }
  EXPECT_EQ(computed("integer", "'x'::text"), kUpstream);
}

}  // namespace
}  // namespace holdfast::cache
