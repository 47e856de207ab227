#include "gateway/identity/jwt.h"

#include <gtest/gtest.h>

#include "tests/gateway/identity/tokens.h"

namespace holdfast::identity {
namespace {

using namespace std::chrono_literals;
using http::Principal;

std::string refusal(const auto& result) {
  return result ? "" : result.error().code + " " + result.error().message;
}

Timestamp at(std::int64_t seconds) { return Timestamp(std::chrono::seconds(seconds)); }

Claims claims_of(std::string_view payload) {
  auto claims = read_claims(payload);
  EXPECT_TRUE(claims.has_value()) << payload;
  return claims ? *claims : Claims{};
}

TEST(ParseJwt, RefusesInPostgrestsWords) {
  EXPECT_EQ(refusal(parse_jwt("")), "PGRST301 Empty JWT is sent in Authorization header");
  EXPECT_EQ(refusal(parse_jwt("sb_publishable_unknown")),
            "PGRST301 Expected 3 parts in JWT; got 1");
  EXPECT_EQ(refusal(parse_jwt("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.bm90IGFuIG9iamVjdA")),
            "PGRST301 Expected 3 parts in JWT; got 2");
  EXPECT_EQ(refusal(parse_jwt("a.b.c.d")), "PGRST301 Expected 3 parts in JWT; got 4");
  EXPECT_EQ(refusal(parse_jwt("quifquirndsjagnrgniur.fonvoienqhhdj.iuqvnvhojah")),
            "PGRST301 JWT cryptographic operation failed");
  EXPECT_EQ(refusal(parse_jwt("x.y.z")), "PGRST301 JWT cryptographic operation failed");
  EXPECT_EQ(refusal(parse_jwt(token_with(R"({"alg":"HS256"})", "{}") + "?")),
            "PGRST301 No suitable key or wrong key type");
  EXPECT_EQ(refusal(parse_jwt(token_with("[]", "{}"))), "PGRST301 JWT couldn't be decoded");
  EXPECT_EQ(refusal(parse_jwt(token_with("{}", "{}"))), "PGRST301 JWT couldn't be decoded");
}

TEST(ParseJwt, RefusesExtensionsThatItMustUnderstand) {
  const auto token = token_with(R"({"alg":"HS256","crit":["b64"],"b64":false})", "{}");
  EXPECT_EQ(refusal(parse_jwt(token)), "PGRST301 JWT couldn't be decoded");
}

TEST(ParseJwt, DeepNestingIsRefusedInsteadOfOverflowingTheStack) {
  const std::string deep = std::string(500'000, '[') + std::string(500'000, ']');
  EXPECT_FALSE(parse_jwt(token_with("{\"alg\":\"HS256\",\"x\":" + deep + "}", "{}")));
  EXPECT_FALSE(read_claims("{\"sub\":\"a\",\"x\":" + deep + "}"));
}

TEST(VerifyHs256, AcceptsPostgrestsOwnTestToken) {
  const std::string token =
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoicG9zdGdyZXN0X3Rlc3RfYXV0aG9yIiwiaWQiOiJqZG"
      "9lIn0.B-lReuGNDwAlU1GOC476MlO0vAt9JNoHIlxg2vwMaO0";
  const auto jwt = parse_jwt(token);
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->algorithm, "HS256");
  EXPECT_TRUE(verify_hs256(*jwt, "reallyreallyreallyreallyverysafe"));
  EXPECT_EQ(refusal(verify_hs256(*jwt, "another")), "PGRST301 No suitable key or wrong key type");
}

TEST(VerifyHs256, RefusesAChangedPayloadAndAShortenedSignature) {
  const auto good = hs256(R"({"sub":"a"})");
  const auto other = hs256(R"({"sub":"b"})");
  const auto last_dot = good.rfind('.');
  const auto mixed = other.substr(0, other.rfind('.')) + good.substr(last_dot);
  EXPECT_FALSE(verify_hs256(*parse_jwt(mixed), kSecret));
  const auto unsigned_token = good.substr(0, last_dot + 1);
  EXPECT_FALSE(verify_hs256(*parse_jwt(unsigned_token), kSecret));
}

TEST(ReadClaims, UserIsItsSubWhateverElseChanges) {
  const auto one = claims_of(R"({"sub":"u1","role":"authenticated","aal":"aal1"})");
  const auto two = claims_of(R"({"sub":"u1","role":"authenticated","aal":"aal2"})");
  EXPECT_EQ(one.principal.kind, Principal::Kind::kUser);
  EXPECT_EQ(one.principal.subject, "u1");
  EXPECT_EQ(one.principal.role, "authenticated");
  EXPECT_EQ(one.principal.id, "user-" + crypto::sha256_hex("u1").substr(0, 32));
  EXPECT_EQ(one.principal.id, two.principal.id);
  EXPECT_NE(one.principal.claims, two.principal.claims);
}

TEST(ReadClaims, ClaimsAreCanonicalJson) {
  EXPECT_EQ(claims_of(R"( { "sub" : "u", "b":[1, 2], "a":"é" } )").principal.claims,
            R"({"a":"é","b":[1,2],"sub":"u"})");
}

TEST(ReadClaims, EpochIsThatOfWhatPoliciesSeeAndOutlivesRefreshesAndSignIns) {
  const auto epoch = [](const std::string& more) {
    return read_claims(R"({"sub":"u1","role":"authenticated",)" + more + "}")->epoch;
  };
  const auto first = epoch(
      R"("iat":1,"exp":2,"jti":"a","session_id":"s1","amr":[{"method":"password","timestamp":1}])");
  EXPECT_EQ(first,
            epoch(R"("amr":[{"timestamp":9,"method":"password"}],"iat":7,"session_id":"s2")"));
  EXPECT_NE(first, epoch(R"("amr":[{"method":"otp","timestamp":1}])"));
  EXPECT_NE(epoch(R"("aal":"aal1")"), epoch(R"("aal":"aal2")"));
  EXPECT_NE(epoch(R"("app_metadata":{"org":1})"), epoch(R"("app_metadata":{"org":2})"));
}

TEST(ReadClaims, RoleDecidesWithoutASub) {
  EXPECT_EQ(claims_of(R"({"role":"anon","iss":"supabase","ref":"x","iat":1,"exp":2})").principal,
            Principal::anonymous());
  EXPECT_EQ(claims_of("{}").principal, Principal::anonymous());
  EXPECT_EQ(claims_of(R"({"role":"service_role","iss":"supabase"})").principal,
            Principal::service());
  const auto role = claims_of(R"({"role":"reporting","exp":1})").principal;
  EXPECT_EQ(role.role, "reporting");
  EXPECT_TRUE(role.id.starts_with("role-"));
  EXPECT_EQ(role.id, claims_of(R"({"role":"reporting","exp":2})").principal.id);
}

TEST(ReadClaims, ClaimsThatPoliciesSeeMakeAnotherPrincipalWithoutASub) {
  const auto one = claims_of(R"({"role":"anon","tenant":1})").principal;
  const auto two = claims_of(R"({"role":"anon","tenant":2})").principal;
  EXPECT_FALSE(one == Principal::anonymous());
  EXPECT_FALSE(one == two);
}

TEST(ReadClaims, RoleAnonWithASubIsAUser) {
  EXPECT_EQ(claims_of(R"({"role":"anon","sub":"u"})").principal.kind, Principal::Kind::kUser);
  EXPECT_EQ(claims_of(R"({"sub":"u"})").principal.role, "anon");
  EXPECT_EQ(claims_of(R"({"role":"service_role","sub":"u"})").principal, Principal::service());
}

TEST(ReadClaims, TimesMustBeNumbers) {
  EXPECT_EQ(refusal(read_claims(R"({"exp":"invalid"})")),
            "PGRST303 The JWT 'exp' claim must be a number");
  EXPECT_EQ(refusal(read_claims(R"({"nbf":true})")),
            "PGRST303 The JWT 'nbf' claim must be a number");
  EXPECT_EQ(refusal(read_claims(R"({"iat":"invalid"})")),
            "PGRST303 The JWT 'iat' claim must be a number");
  EXPECT_EQ(refusal(read_claims("[1]")), "PGRST303 Parsing claims failed");
  EXPECT_EQ(refusal(read_claims("nothing")), "PGRST303 Parsing claims failed");
}

TEST(ReadClaims, AnAudienceIsTextOrAListOfTexts) {
  const char* const refused =
      "PGRST303 The JWT 'aud' claim must be a string or an array of strings";
  for (const char* aud : {"1", "true", "{}", R"(["a",1])", "[null]", R"([["a"]])"}) {
    EXPECT_EQ(refusal(read_claims(R"({"aud":)" + std::string(aud) + "}")), refused) << aud;
  }
  for (const char* aud : {"null", R"("a")", R"("")", "[]", R"(["a","b"])"}) {
    EXPECT_TRUE(read_claims(R"({"aud":)" + std::string(aud) + "}")) << aud;
  }
}

TEST(ReadClaims, TimesMayBeFractionsAndBeyondTheCalendar) {
  EXPECT_EQ(claims_of(R"({"exp":100.9})").expires, at(100));
  EXPECT_GT(*claims_of(R"({"exp":1e300})").expires, at(9'999'999'999));
  EXPECT_LT(*claims_of(R"({"iat":-1e300})").issued, at(0));
  EXPECT_FALSE(claims_of(R"({"exp":null})").expires.has_value());
}

TEST(Times, ThirtySecondsOfSkewAreAllowed) {
  const auto claims = claims_of(R"({"exp":1000,"nbf":500,"iat":500})");
  EXPECT_FALSE(expired(claims, at(1030)));
  EXPECT_TRUE(expired(claims, at(1031)));
  EXPECT_TRUE(check_begun(claims, at(470)));
  EXPECT_EQ(refusal(check_begun(claims, at(469))), "PGRST303 JWT not yet valid");
  EXPECT_EQ(refusal(check_begun(claims_of(R"({"iat":500})"), at(469))),
            "PGRST303 JWT issued at future");
  EXPECT_FALSE(expired(claims_of("{}"), at(9'999'999'999)));
}

}  // namespace
}  // namespace holdfast::identity
