#include "cache/replica/scope.h"

#include <gtest/gtest.h>

namespace holdfast::cache {
namespace {

constexpr const char* kClaims =
    R"({"sub":"u1","tenant":"a b","level":3,"none":null,"app_metadata":{"shop":"x","list":[1]}})";

TEST(ScopeTest, ClaimsAreFilledIn) {
  EXPECT_EQ(scope_of("", kClaims), "");
  EXPECT_EQ(scope_of("archived=is.false", kClaims), "archived=is.false");
  EXPECT_EQ(scope_of("tenant=eq.{claims.tenant}&level=lte.{claims.level}", kClaims),
            "tenant=eq.a%20b&level=lte.3");
  EXPECT_EQ(scope_of("shop=eq.{claims.app_metadata.shop}", kClaims), "shop=eq.x");
}

TEST(ScopeTest, WithoutTheClaimNothingIsThePrincipals) {
  EXPECT_EQ(scope_of("a=eq.{claims.missing}", kClaims), std::nullopt);
  EXPECT_EQ(scope_of("a=eq.{claims.none}", kClaims), std::nullopt);
  EXPECT_EQ(scope_of("a=eq.{claims.app_metadata}", kClaims), std::nullopt);
  EXPECT_EQ(scope_of("a=eq.{claims.app_metadata.list}", kClaims), std::nullopt);
  EXPECT_EQ(scope_of("a=eq.{claims.tenant.more}", kClaims), std::nullopt);
  EXPECT_EQ(scope_of("a=eq.{claims.tenant", kClaims), std::nullopt);
  EXPECT_EQ(scope_of("a=eq.{claims.sub}", "{}"), std::nullopt);
}

TEST(ScopeTest, AClaimCannotAddConditions) {
  const auto scope = scope_of("a=eq.{claims.x}", R"({"x":"1&b=eq.2"})");
  EXPECT_EQ(scope, "a=eq.1%26b%3Deq.2");
  EXPECT_FALSE(is_inside("a=eq.1&b=eq.2", *scope));
}

TEST(ScopeTest, HardCase17_ARequestIsInsideWhenItHasTheScopesConditions) {
  const std::string scope = "tenant=eq.a%20b&archived=is.false";
  EXPECT_TRUE(is_inside("select=id&archived=is.false&tenant=eq.a+b&id=gt.1", scope));
  EXPECT_FALSE(is_inside("tenant=eq.a+b", scope));
  EXPECT_FALSE(is_inside("tenant=eq.c&archived=is.false", scope));
  EXPECT_FALSE(is_inside("or=(tenant.eq.a b,archived.is.false)", scope));
  EXPECT_FALSE(is_inside("items.tenant=eq.a b&items.archived=is.false", scope));
  EXPECT_TRUE(is_inside("", ""));
}

}  // namespace
}  // namespace holdfast::cache
