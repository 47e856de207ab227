#include "queue/write_claims.h"

#include <gmock/gmock.h>

#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Hard case 1, the sending half.
class WriteClaimsTest : public QueueTest {
 protected:
  WriteClaimsTest() { become("anon", "{}"); }

  void become(const std::string& role, const std::string& claims) {
    credentials_.current = upstream::Credentials{"sb_publishable_test", "", role, claims};
  }
  std::int64_t insert_under(const std::string& claims) {
    const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
    sample_.write([&](cache::Transaction& transaction) {
      cache::Statement update(transaction.database(),
                              "UPDATE hf_outbox SET write_claims=?2 WHERE sequence=?1");
      update.bind(1, sequence);
      update.bind(2, std::string_view(write_claims(claims, {"app_metadata.tenant"}))).run();
    });
    return sequence;
  }
  void takes_all() {
    for (int i = 0; i < 3; ++i) answer(201, "[" + todo(1, "a") + "]");
  }
};

TEST_F(WriteClaimsTest, AnEntryIsHeldWhileItsRoleIsAnotherOne) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  become("manager", "{}");
  takes_all();
  drain();
  EXPECT_EQ(state(sequence), "held");
  EXPECT_THAT(entry(sequence).last_error, StartsWith(kClaimsChanged));
  EXPECT_THAT(upstream_.calls(), IsEmpty());
  EXPECT_EQ(outbox().held_for_claims(*sample_.store().reader()), 1);
  // It goes as soon as the token is what it was.
  become("anon", "{}");
  dispatcher().token_arrived(sample_.store());
  drain();
  EXPECT_EQ(state(sequence), "acknowledged");
}

TEST_F(WriteClaimsTest, AnEntryIsHeldWhileAClaimThatDecidedItIsAnotherOne) {
  const auto sequence = insert_under(R"({"sub":"u","app_metadata":{"tenant":"a","plan":"free"}})");
  become("anon", R"({"sub":"u","app_metadata":{"tenant":"b","plan":"free"}})");
  drain();
  EXPECT_EQ(state(sequence), "held");
  EXPECT_THAT(entry(sequence).last_error, HasSubstr(R"(app_metadata.tenant was "a", now "b")"));
}

TEST_F(WriteClaimsTest, WhatIsHeldForItsClaimsIsLeftAloneByTheNextDrains) {
  const auto sequence = insert_under(R"({"app_metadata":{"tenant":"a"}})");
  become("anon", R"({"app_metadata":{"tenant":"b"}})");
  drain();
  const auto records = sample_.number("SELECT count(*) FROM hf_journal");
  drain();
  EXPECT_EQ(state(sequence), "held");
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_journal"), records);
}

TEST_F(WriteClaimsTest, OtherClaimsMayChange) {
  const auto sequence = insert_under(R"({"sub":"u","app_metadata":{"tenant":"a"},"aal":"aal1"})");
  become("anon", R"({"sub":"u","app_metadata":{"tenant":"a","plan":"paid"},"aal":"aal2"})");
  takes_all();
  drain();
  EXPECT_EQ(state(sequence), "acknowledged");
}

TEST_F(WriteClaimsTest, APersonMayReleaseIt) {
  const auto sequence = insert_under(R"({"app_metadata":{"tenant":"a"}})");
  become("anon", R"({"app_metadata":{"tenant":"b"}})");
  drain();
  sample_.write([&](cache::Transaction& transaction) {
    EXPECT_TRUE(outbox().let_go(transaction, entry(sequence)));
  });
  takes_all();
  drain();
  EXPECT_EQ(state(sequence), "acknowledged");
}

TEST_F(WriteClaimsTest, HeldForClaimsItHoldsNobodyElseBack) {
  const auto held = insert_under(R"({"app_metadata":{"tenant":"a"}})");
  const auto other = insert("lists", R"({"id":5,"title":"l"})");
  become("anon", R"({"app_metadata":{"tenant":"b"}})");
  answer(201, R"([{"id":5,"title":"l","slot":null}])");
  drain();
  EXPECT_EQ(state(held), "held");
  EXPECT_EQ(state(other), "acknowledged");
}

TEST_F(WriteClaimsTest, TheClaimsThatDefaultsReadAreFound) {
  EXPECT_THAT(claims_in("((auth.jwt() -> 'app_metadata'::text) ->> 'tenant'::text)::uuid"),
              ElementsAre("app_metadata.tenant"));
  EXPECT_THAT(claims_in("(auth.jwt() ->> 'org_id'::text)"), ElementsAre("org_id"));
  EXPECT_THAT(claims_in("auth.email()"), ElementsAre("email"));
  EXPECT_THAT(claims_in("auth.uid()"), IsEmpty());
  EXPECT_THAT(
      claims_in("((current_setting('request.jwt.claims'::text, true))::json ->> 'org'::text)"),
      ElementsAre("org"));
  EXPECT_THAT(claims_in("('x'::character varying(3) || now())"), IsEmpty());
}

// Hard case 1: what a function of the schema's own reads nobody knows here.
TEST_F(WriteClaimsTest, ADefaultThatCallsTheSchemasFunctionMayReadAnyClaim) {
  EXPECT_THAT(claims_in("my_org()"), ElementsAre(""));
  const std::string claims =
      R"({"sub":"u","exp":1,"session_id":"s","fva":[1,-1],"org":"a","app_metadata":{}})";
  EXPECT_EQ(write_claims(claims, {""}), R"({"app_metadata":{},"org":"a","sub":"u"})");
  Entry entry;
  entry.write_claims = write_claims(R"({"https://shop.example/tenant":"a"})", {""});
  upstream::Credentials credentials{"key", ""};
  credentials.role = "authenticated";
  credentials.claims = R"({"https://shop.example/tenant":"a"})";
  EXPECT_EQ(claims_changed(entry, credentials), std::nullopt);
  credentials.claims = R"({"https://shop.example/tenant":"b"})";
  EXPECT_NE(claims_changed(entry, credentials), std::nullopt);
}

}  // namespace
}  // namespace holdfast::queue
