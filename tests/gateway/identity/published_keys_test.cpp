// Tokens that are verified with the published keys of their issuer (hard case 4).

#include <gtest/gtest.h>

#include <thread>

#include "gateway/identity/authenticator.h"
#include "tests/gateway/identity/memory_storage.h"
#include "tests/gateway/identity/tokens.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/manual_clock.h"

namespace holdfast::identity {
namespace {

using namespace std::chrono_literals;

const std::string kThirdParty = "https://idp.example.test";
constexpr const char* kGood = "u1";
constexpr const char* kWrongKey = "PGRST301 No suitable key or wrong key type";

std::string jwk(const crypto::SigningKey& key, const std::string& id,
                const std::string& more = "") {
  return R"({"kty":"EC","crv":"P-256","alg":"ES256","kid":")" + id + R"(","x":")" +
         crypto::base64url_encode(key.x()) + R"(","y":")" + crypto::base64url_encode(key.y()) +
         "\"" + more + "}";
}

std::string jwks(const std::vector<std::string>& keys) {
  std::string list;
  for (const auto& key : keys) list += (list.empty() ? "" : ",") + key;
  return R"({"keys":[)" + list + "]}";
}

upstream::Answer answer(int status, std::string body) {
  upstream::Answer made;
  made.status = status;
  made.body = std::move(body);
  return made;
}

class PublishedKeysTest : public ::testing::Test {
 protected:
  PublishedKeysTest() {
    upstream_.respond_with([this](const upstream::Call& call) -> upstream::Outcome {
      if (call.target == "/auth/v1/.well-known/jwks.json") return answer(200, keys_);
      return answer(403, R"({"error_code":"bad_jwt"})");
    });
    third_party_.respond_with([this](const upstream::Call&) -> upstream::Outcome {
      return answer(200, third_party_keys_);
    });
    start();
  }

  // As a start of the gateway: what is only in memory is gone.
  void start() {
    authenticator_.reset();
    keeper_ = std::make_unique<SessionKeeper>(
        storage_, std::string(32, 'k'), upstream_, book_, options_, clock_,
        std::vector<KeySets::Issuer>{{kThirdParty, &third_party_, "/.well-known/jwks.json"}});
    authenticator_ = std::make_unique<Authenticator>(
        options_, upstream_, book_, *keeper_, [this] { return reachability_; }, clock_);
  }
  void go_offline() {
    reachability_ = Authenticator::Reachability::kOffline;
    upstream_.set_offline(true);
    third_party_.set_offline(true);
  }
  void go_online() {
    reachability_ = Authenticator::Reachability::kOnline;
    upstream_.set_offline(false);
    third_party_.set_offline(false);
  }

  std::string payload(const std::string& issuer, const std::string& jti = "") const {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch();
    return R"({"iss":")" + issuer + R"(","sub":"u1","role":"authenticated","jti":")" + jti +
           R"(","exp":)" + std::to_string((now + 1h).count()) + "}";
  }
  static std::string sign(const crypto::SigningKey& key, const std::string& header,
                          const std::string& payload) {
    const auto input = crypto::base64url_encode(header) + "." + crypto::base64url_encode(payload);
    return input + "." + crypto::base64url_encode(key.sign(input));
  }
  std::string token(const crypto::SigningKey& key, const std::string& id,
                    const std::string& issuer = "https://project.example.test/auth/v1",
                    const std::string& jti = "") const {
    return sign(key, R"({"alg":"ES256","kid":")" + id + "\"}", payload(issuer, jti));
  }

  // As the routes ask: without waiting, and where that is needed with a question.
  std::string ask(const std::string& token) {
    http::Request request;
    request.target = "/rest/v1/todos";
    request.headers.add("apikey", kPublishableKey);
    request.headers.add("Authorization", "Bearer " + token);
    const auto caller = authenticator_->confirm(request);
    return caller ? caller->principal.subject : caller.error().code + " " + caller.error().message;
  }
  std::size_t fetches() const {
    std::size_t count = 0;
    for (const auto& call : upstream_.calls()) count += call.target.ends_with("jwks.json") ? 1 : 0;
    return count;
  }
  std::size_t confirmations() const { return upstream_.calls().size() - fetches(); }

  const crypto::SigningKey key_ = crypto::SigningKey::generate();
  const crypto::SigningKey next_ = crypto::SigningKey::generate();
  const crypto::SigningKey foreign_ = crypto::SigningKey::generate();
  std::string keys_ = jwks({jwk(key_, "k1")});
  std::string third_party_keys_ = jwks({jwk(foreign_, "t1")});
  support::ManualClock clock_;
  support::FakeUpstream upstream_;
  support::FakeUpstream third_party_;
  const IdentityOptions options_{"", kPublishableKey, ""};
  TokenBook book_{options_};
  MemoryStorage storage_;
  Authenticator::Reachability reachability_ = Authenticator::Reachability::kOnline;
  std::unique_ptr<SessionKeeper> keeper_;
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(PublishedKeysTest, AnUpstreamsTokenIsVerifiedHereByItsKid) {
  EXPECT_EQ(ask(token(key_, "k1")), kGood);
  EXPECT_EQ(ask(token(key_, "k1", "another issuer", "2")), kGood);
  EXPECT_EQ(fetches(), 1U);
  EXPECT_EQ(confirmations(), 0U);
  EXPECT_EQ(upstream_.calls()[0].headers.find("apikey"), kPublishableKey);
}

TEST_F(PublishedKeysTest, AForgedTokenIsRefusedWithoutAQuestion) {
  ask(token(key_, "k1"));
  upstream_.clear_calls();
  EXPECT_EQ(ask(token(next_, "k1")), kWrongKey);
  auto changed = token(key_, "k1");
  changed.replace(changed.find('.') + 1, changed.rfind('.') - changed.find('.') - 1,
                  crypto::base64url_encode(payload("someone", "else")));
  EXPECT_EQ(ask(changed), kWrongKey);
  EXPECT_EQ(ask(token(key_, "k1").substr(0, token(key_, "k1").rfind('.') + 1)), kWrongKey);
  EXPECT_TRUE(upstream_.calls().empty());
}

TEST_F(PublishedKeysTest, AlgorithmIsBoundToTheKeyThatIsPublished) {
  ask(token(key_, "k1"));
  upstream_.clear_calls();
  const auto claims = payload("https://project.example.test/auth/v1");
  // The classical confusion: the published key as the secret of an HMAC.
  for (const std::string& secret : {key_.x(), key_.x() + key_.y(), jwk(key_, "k1"), keys_}) {
    EXPECT_EQ(ask(token_with(R"({"alg":"HS256","kid":"k1"})", claims, secret)), kWrongKey);
  }
  const auto none = crypto::base64url_encode(R"({"alg":"none","kid":"k1"})") + "." +
                    crypto::base64url_encode(claims) + ".";
  EXPECT_EQ(ask(none), "PGRST301 Wrong or unsupported encoding algorithm");
  // An RSA signature is asked of a key on P-256.
  EXPECT_EQ(ask(sign(key_, R"({"alg":"RS256","kid":"k1"})", claims)), kWrongKey);
}

TEST_F(PublishedKeysTest, ASymmetricKeyInTheDocumentVerifiesNothing) {
  const std::string secret = "published-by-mistake-published-by-mistake";
  keys_ = jwks(
      {R"({"kty":"oct","alg":"HS256","kid":"h1","k":")" + crypto::base64url_encode(secret) + "\"}",
       jwk(key_, "k1")});
  EXPECT_EQ(ask(token(key_, "k1")), kGood);
  EXPECT_EQ(ask(token_with(R"({"alg":"HS256","kid":"h1"})", payload("x"), secret)), kWrongKey);
}

TEST_F(PublishedKeysTest, KeysForOtherUsesAndAlgorithmsAreLeftOut) {
  keys_ = jwks({jwk(key_, "k1", R"(,"use":"enc")"),
                R"({"kty":"EC","crv":"P-384","kid":"k2","x":"AA","y":"AA"})", "7",
                R"({"kty":"EC","crv":"P-256","kid":"k3","x":"AA","y":"AA"})"});
  EXPECT_EQ(ask(token(key_, "k1")), kWrongKey);
  EXPECT_EQ(confirmations(), 1U);
}

// RFC 7515, appendix A.2.
TEST_F(PublishedKeysTest, AnRs256TokenWithoutKidIsVerifiedByAnRsaKey) {
  clock_.set(Timestamp(1300819000s));
  const std::string rfc_token =
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm"
      "NvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AA"
      "uHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75"
      "vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6Bf"
      "I7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe7"
      "7Rw";
  keys_ =
      jwks({jwk(key_, "k1"),
            R"({"kty":"RSA","kid":"r1","e":"AQAB","n":")"
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPME"
            "zP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bS"
            "f63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo"
            "5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h"
            "4FRWyuXpoQ\"}"});
  EXPECT_EQ(ask(rfc_token), "");
  auto forged = rfc_token;
  forged.back() = 'A';
  EXPECT_EQ(ask(forged), kWrongKey);
  EXPECT_EQ(confirmations(), 0U);
}

TEST_F(PublishedKeysTest, KeysAreKeptForAStartWithoutANetwork) {
  const auto first = token(key_, "k1");
  ask(first);
  start();
  go_offline();
  EXPECT_EQ(ask(first), kGood);
  EXPECT_EQ(ask(token(key_, "k1", "x", "2")), kGood);
  EXPECT_EQ(ask(token(next_, "k1")), kWrongKey);
}

TEST_F(PublishedKeysTest, AnExpiredTokenPassesOnlyOfflineAndWithinTheGrace) {
  const auto old = token(key_, "k1");
  ask(old);
  clock_.advance(2h);
  EXPECT_EQ(ask(old), "PGRST303 JWT expired");
  start();
  EXPECT_EQ(ask(old), "PGRST303 JWT expired");
  go_offline();
  EXPECT_EQ(ask(old), kGood);
  EXPECT_FALSE(book_.caller_for("user-" + crypto::sha256_hex("u1").substr(0, 32), clock_.now()));
  clock_.advance(7 * 24h);
  EXPECT_EQ(ask(old), "PGRST303 JWT expired");
}

TEST_F(PublishedKeysTest, AStormOfUnknownKidsCostsOneFetchInFiveMinutes) {
  ask(token(key_, "k1"));
  for (int n = 0; n < 200; ++n) {
    EXPECT_EQ(ask(token(next_, "k" + std::to_string(n + 2))), kWrongKey);
  }
  EXPECT_EQ(fetches(), 1U);
  clock_.advance(5min);
  for (int n = 0; n < 200; ++n) ask(token(next_, "m" + std::to_string(n)));
  EXPECT_EQ(fetches(), 2U);
  EXPECT_EQ(ask(token(key_, "k1", "x", "3")), kGood);
}

TEST_F(PublishedKeysTest, AStormAtTheSameMomentWaitsForOneFetch) {
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int n = 0; n < 8; ++n) {
    threads.emplace_back([&, n] {
      if (ask(token(foreign_, "t1", kThirdParty, std::to_string(n))) == kGood) ++good;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 8);
  EXPECT_EQ(third_party_.calls().size(), 1U);
}

TEST_F(PublishedKeysTest, ARotatedKeyIsFoundByItsKidAndUntilThenConfirmed) {
  ask(token(key_, "k1"));
  keys_ = jwks({jwk(key_, "k1"), jwk(next_, "k2")});
  const auto rotated = token(next_, "k2");
  upstream_.push(200, R"({"id":"u1"})");  // GET /user: no fetch is due yet
  EXPECT_EQ(ask(rotated), kGood);
  EXPECT_EQ(fetches(), 1U);
  clock_.advance(5min);
  EXPECT_EQ(ask(token(next_, "k2", "x", "2")), kGood);
  EXPECT_EQ(fetches(), 2U);
  EXPECT_EQ(confirmations(), 1U);
  EXPECT_EQ(ask(token(key_, "k1", "x", "3")), kGood);
}

TEST_F(PublishedKeysTest, AKeyThatWasTakenBackVerifiesNothingMoreAlsoNotKnownTokens) {
  const auto known = token(key_, "k1");
  ask(known);
  keys_ = jwks({jwk(next_, "k2")});
  clock_.advance(10min);
  EXPECT_EQ(ask(token(next_, "k2")), kGood);
  EXPECT_EQ(ask(known), kWrongKey);
  EXPECT_EQ(ask(token(key_, "k1", "x", "2")), kWrongKey);
}

TEST_F(PublishedKeysTest, AKeyThatWasTakenBackIsNoticedWithoutAnyOtherToken) {
  const auto known = token(key_, "k1");
  ask(known);
  keys_ = jwks({jwk(next_, "k2")});
  EXPECT_EQ(ask(known), kGood);
  clock_.advance(10min);
  EXPECT_EQ(ask(known), kWrongKey);
  EXPECT_EQ(fetches(), 2U);
}

TEST_F(PublishedKeysTest, AKeyThatWasTakenBackDuringAnOutageIsNoticedSoonAfterIt) {
  ask(token(key_, "k1"));
  go_offline();
  clock_.advance(10min);
  EXPECT_EQ(ask(token(next_, "k2")).substr(0, 5), "HF504");
  EXPECT_EQ(ask(token(key_, "k1", "x", "2")), kGood);
  keys_ = jwks({jwk(next_, "k2")});
  go_online();
  clock_.advance(1min);
  EXPECT_EQ(ask(token(key_, "k1", "x", "3")), kWrongKey);
  EXPECT_EQ(ask(token(next_, "k2")), kGood);
}

TEST_F(PublishedKeysTest, AFetchThatFailsLeavesTheKeysAsTheyWere) {
  ask(token(key_, "k1"));
  const auto good = keys_;
  for (const std::string& body : {std::string("<html>hotel</html>"), std::string("{}"),
                                  std::string(R"({"keys":7})"), std::string()}) {
    keys_ = body;
    clock_.advance(10min);
    EXPECT_EQ(ask(token(key_, "k1", "x", std::to_string(body.size()))), kGood) << body;
  }
  upstream_.push(500);
  clock_.advance(10min);
  EXPECT_EQ(ask(token(key_, "k1", "x", "500")), kGood);
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "timeout"});
  clock_.advance(10min);
  EXPECT_EQ(ask(token(key_, "k1", "x", "lost")), kGood);
  keys_ = good;
  start();
  go_offline();
  EXPECT_EQ(ask(token(key_, "k1", "x", "start")), kGood);
}

TEST_F(PublishedKeysTest, WithoutAnyKeysTheUpstreamIsAskedAsBefore) {
  keys_ = R"({"keys":[]})";
  upstream_.push(200, keys_);
  upstream_.push(200, R"({"id":"u1"})");
  EXPECT_EQ(ask(token(key_, "k1")), kGood);
  EXPECT_EQ(confirmations(), 1U);
  go_offline();
  EXPECT_EQ(ask(token(key_, "k1", "x", "2")).substr(0, 5), "HF504");
}

TEST_F(PublishedKeysTest, AThirdPartysTokenIsVerifiedByItsOwnKeysAlone) {
  EXPECT_EQ(ask(token(foreign_, "t1", kThirdParty + "/")), kGood);
  EXPECT_EQ(ask(token(key_, "k1", kThirdParty)), kWrongKey);
  // Nor do its keys verify what names another issuer.
  EXPECT_EQ(ask(token(foreign_, "t1", "https://project.example.test/auth/v1")), kWrongKey);
  EXPECT_EQ(ask(token(foreign_, "t1", "https://other.example.test", "2")), kWrongKey);
  EXPECT_EQ(ask(token_with(R"({"alg":"HS256"})", payload(kThirdParty))), kWrongKey);
}

TEST_F(PublishedKeysTest, AThirdPartysKeysThatCannotBeReadAreNoRefusal) {
  third_party_.set_offline(true);
  EXPECT_EQ(ask(token(foreign_, "t1", kThirdParty)).substr(0, 5), "HF504");
  third_party_.set_offline(false);
  EXPECT_EQ(ask(token(foreign_, "t1", kThirdParty)).substr(0, 5), "HF504");
  clock_.advance(10s);
  EXPECT_EQ(ask(token(foreign_, "t1", kThirdParty)), kGood);
  EXPECT_EQ(ask(token(next_, "t2", kThirdParty)), kWrongKey);
  EXPECT_TRUE(upstream_.calls().empty());
}

TEST_F(PublishedKeysTest, TheGatewaysOwnIssuerIsVerifiedByNoPublishedKeyAndNoSecret) {
  ask(token(key_, "k1"));
  upstream_.clear_calls();
  EXPECT_EQ(ask(token(key_, "k1", "holdfast")), kWrongKey);
  // Not even when its key has got into the upstream's document.
  upstream_.push(200, jwks({keeper_->tokens.jwk()}));
  clock_.advance(10min);
  EXPECT_EQ(ask(token(key_, "k9", "holdfast")), kWrongKey);
  EXPECT_EQ(ask(hs256(payload("holdfast"))), kWrongKey);
  EXPECT_EQ(confirmations(), 0U);
}

}  // namespace
}  // namespace holdfast::identity
