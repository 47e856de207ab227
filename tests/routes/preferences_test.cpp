#include "routes/preferences.h"

#include <gtest/gtest.h>

namespace holdfast::routes {
namespace {

Preferences parsed(std::initializer_list<http::Headers::Field> lines) {
  return parse_preferences(http::Headers(lines)).value();
}

TEST(PreferencesTest, ManyLinesAndMembersCount) {
  const auto p = parsed({{"Prefer", "return=representation,count=exact"},
                         {"prefer", " resolution=merge-duplicates ,\tmissing=default"}});
  EXPECT_EQ(p.representation, Return::kRepresentation);
  EXPECT_EQ(p.count, CountPreference::kExact);
  EXPECT_EQ(p.resolution, ResolutionPreference::kMergeDuplicates);
  EXPECT_TRUE(p.missing_default);
}

TEST(PreferencesTest, OnlyCommasSeparateAndCaseCounts) {
  const auto p = parsed({{"Prefer", "count=exact; return=representation, COUNT=exact"},
                         {"Prefer", "Return=minimal, return = minimal, Timezone=UTC"}});
  EXPECT_EQ(p.count, CountPreference::kNone);
  EXPECT_EQ(p.representation, Return::kNone);
  EXPECT_FALSE(p.timezone);
  const auto strict = parse_preferences({{"Prefer", "handling=strict, Count=exact; x"}});
  ASSERT_FALSE(strict);
  EXPECT_EQ(strict.error().details, "Invalid preferences: Count=exact; x");
}

TEST(PreferencesTest, AnEmptyMemberIsNoPreferenceThatIsKnown) {
  EXPECT_TRUE(parse_preferences({{"Prefer", ""}, {"Prefer", "handling=strict"}}));
  EXPECT_TRUE(parse_preferences({{"Prefer", "count=exact,"}}));
  const auto strict = parse_preferences({{"Prefer", "handling=strict, ,x"}});
  ASSERT_FALSE(strict);
  EXPECT_EQ(strict.error().details, "Invalid preferences: , x");
}

TEST(PreferencesTest, TheFirstOfAKindWins) {
  const auto p = parsed({{"Prefer", "return=minimal, return=representation, missing=null"},
                         {"Prefer", "missing=default, max-affected=2, max-affected=9"}});
  EXPECT_EQ(p.representation, Return::kMinimal);
  EXPECT_TRUE(p.missing_null);
  EXPECT_FALSE(p.missing_default);
  EXPECT_EQ(p.max_affected, 2);
}

TEST(PreferencesTest, UnknownOnesMatterOnlyWhenHandlingIsStrict) {
  EXPECT_TRUE(parse_preferences({{"Prefer", "return=nothing, x=y"}}));
  const auto strict = parse_preferences({{"Prefer", "handling=strict, x=y, return=minimal, z"}});
  ASSERT_FALSE(strict);
  EXPECT_EQ(strict.error().code, "PGRST122");
  EXPECT_EQ(strict.error().details, "Invalid preferences: x=y, z");
  const auto known = parse_preferences({{"Prefer", "handling=strict, max-affected=many"}});
  ASSERT_TRUE(known);
  EXPECT_FALSE(known->max_affected);
}

TEST(PreferencesTest, WhatWasAppliedIsNamedInPostgrestsOrder) {
  const auto p = parsed({{"Prefer",
                          "max-affected=5, handling=strict, count=exact, "
                          "return=representation, missing=default, "
                          "resolution=ignore-duplicates"}});
  Preferences::Applied all{true, true, true, true, true, true, true, true, true};
  EXPECT_EQ(p.applied(all),
            "resolution=ignore-duplicates, missing=default, return=representation, count=exact, "
            "handling=strict, max-affected=5");
  EXPECT_EQ(p.applied({}), "");
}

}  // namespace
}  // namespace holdfast::routes
