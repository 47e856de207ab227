#include "cache/responses/key.h"

#include <gtest/gtest.h>

namespace holdfast::cache {
namespace {

http::Principal user(const std::string& claims) {
  return {http::Principal::Kind::kUser, "u1", "authenticated", claims, "user-1"};
}

std::string key(const std::string& target, http::Headers headers = {}, std::string body = "",
                const http::Principal& principal = http::Principal::anonymous()) {
  return response_key({body.empty() ? "GET" : "POST", target, std::move(headers), std::move(body)},
                      principal);
}

TEST(ResponseKeyTest, SpellingsOfOneRequestShareAKey) {
  const auto plain = key("/rest/v1/orders?select=*&id=eq.1");
  EXPECT_EQ(plain, key("/rest/v1/orders?id=eq.1&select=%2A"));
  EXPECT_EQ(plain, key("/rest/v1/%6frders?apikey=x&select=*&id=eq.1"));
  EXPECT_EQ(plain, key("/rest/v1/orders?select=*&id=eq.1", {{"User-Agent", "a"},
                                                            {"authorization", "Bearer t"},
                                                            {"x-retry-count", "1"},
                                                            {"Sec-Fetch-Mode", "cors"}}));
  EXPECT_EQ(key("/f", {{"Accept", "text/csv"}}), key("/f", {{"accept", "text/csv"}}));
}

TEST(ResponseKeyTest, WhateverSelectsAnAnswerIsInTheKey) {
  const auto plain = key("/rest/v1/orders?id=eq.1");
  EXPECT_NE(plain, key("/rest/v1/orders?id=eq.2"));
  EXPECT_NE(plain, key("/rest/v1/orders?id=eq.1&id=eq.1"));
  EXPECT_NE(key("/f?a=1&a=2"), key("/f?a=2&a=1")) << "the order of one name's values counts";
  for (const char* name : {"Accept", "Accept-Profile", "Prefer", "Range", "X-Tenant", "Cookie"}) {
    EXPECT_NE(plain, key("/rest/v1/orders?id=eq.1", {{name, "v"}})) << name;
  }
  EXPECT_NE(key("/f", {}, "{\"a\":1}"), key("/f", {}, "{\"a\":2}"));
  const auto head =
      response_key({"HEAD", "/rest/v1/orders?id=eq.1", {}, ""}, http::Principal::anonymous());
  EXPECT_NE(plain, head);
}

TEST(ResponseKeyTest, OnlyClaimsThatPoliciesSeeTellCallersApart) {
  const auto of = [](const std::string& claims) { return key("/f", {}, "", user(claims)); };
  const auto first = of(R"({"sub":"u1","role":"authenticated","aal":"aal1","exp":1,"iat":1})");
  EXPECT_EQ(first, of(R"({"iat":7,"aal":"aal1","exp":9,"jti":"x","role":"authenticated",)"
                      R"("sub":"u1","session_id":"s"})"));
  EXPECT_NE(first, of(R"({"sub":"u1","role":"authenticated","aal":"aal2","exp":1,"iat":1})"));
  EXPECT_NE(first, key("/f"));
}

}  // namespace
}  // namespace holdfast::cache
