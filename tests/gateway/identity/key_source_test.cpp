#include "gateway/identity/key_source.h"

#include <gtest/gtest.h>

namespace holdfast::identity {
namespace {

std::string read(std::string_view text) {
  const auto source = parse_key_source(text);
  return source ? source->issuer + " at " + source->url : "none";
}

TEST(KeySourceTest, IssuerFollowsFromTheUsualPlaceOfItsKeys) {
  EXPECT_EQ(read("https://clerk.example.test/.well-known/jwks.json"),
            "https://clerk.example.test at https://clerk.example.test/.well-known/jwks.json");
  EXPECT_EQ(read("https://idp.example.test/pool/.well-known/jwks.json"),
            "https://idp.example.test/pool at https://idp.example.test/pool/.well-known/jwks.json");
}

TEST(KeySourceTest, IssuerIsNamedWhereItsKeysAreElsewhere) {
  EXPECT_EQ(read("https://securetoken.example.test/project/ https://keys.example.test/v1?app=1"),
            "https://securetoken.example.test/project at https://keys.example.test/v1?app=1");
  EXPECT_EQ(read("https://keys.example.test/v1"), "none");
}

TEST(KeySourceTest, KeysAreNotReadOverANetworkInPlainText) {
  EXPECT_EQ(read("http://idp.example.test/.well-known/jwks.json"), "none");
  EXPECT_EQ(read("http://localhost.example.test/.well-known/jwks.json"), "none");
  EXPECT_EQ(read("http://127.0.0.1:9/.well-known/jwks.json"),
            "http://127.0.0.1:9 at http://127.0.0.1:9/.well-known/jwks.json");
  EXPECT_EQ(read("http://localhost/.well-known/jwks.json"),
            "http://localhost at http://localhost/.well-known/jwks.json");
}

TEST(KeySourceTest, OtherTextsAreNone) {
  for (const char* text : {"", " ", "https://", "https:///.well-known/jwks.json", "ftp://a/b",
                           "/.well-known/jwks.json", " https://a.test/keys", "https://a.test/x y",
                           "/ https://a.test/keys", "https://b.test https://a.test?keys",
                           "https://a@b.test/.well-known/jwks.json"}) {
    EXPECT_EQ(read(text), "none") << text;
  }
}

}  // namespace
}  // namespace holdfast::identity
