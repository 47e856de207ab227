#include "queue/bare_keyless.h"

#include <gmock/gmock.h>

#include "tests/queue/bare_keyless_fixture.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(BareKeylessTest, TheLargestKeyIsNotedAndTheConnectionIsFresh) {
  insert_as_somebody_else("earlier");
  const auto sequence = insert_keyless("counters", R"({"name":"a"})");
  drain();
  EXPECT_EQ(state(sequence), "acknowledged");
  EXPECT_EQ(entry(sequence).noted_key, "41");
  EXPECT_THAT(fresh_, ElementsAre(true));
  EXPECT_EQ(shown(), R"({"id":42,"name":"a"})");
}

TEST_F(BareKeylessTest, ALostInsertIsUncertainUntilTheStatementTimeoutAndThenAdopted) {
  const auto sequence = insert_keyless("counters", R"({"name":"a"})");
  lose_posts_ = 1;
  drain();
  EXPECT_EQ(state(sequence), "uncertain");
  EXPECT_EQ(entry(sequence).next_attempt_at, clock_.now() + options_.statement_timeout);
  clock_.advance(options_.statement_timeout - 1ms);
  drain(true);
  EXPECT_EQ(state(sequence), "uncertain") << "it may still be committed";
  clock_.advance(1ms);
  insert_as_somebody_else("b");
  drain();
  EXPECT_EQ(state(sequence), "acknowledged") << entry(sequence).last_error;
  EXPECT_EQ(fresh_.size(), 1U);
  EXPECT_EQ(shown(), R"({"id":41,"name":"a"})");
}

// Two who sell the same on one gateway: what one's answer has told is not the other's lost row.
class TwoPrincipalsTest : public BareKeylessTest {
 protected:
  TwoPrincipalsTest() { other_.complete(); }

  DrainOutcome drain_beside_other() {
    Dispatcher drainer = dispatcher();
    drainer.know_stores([this] {
      return std::vector{std::shared_ptr<cache::Store>(std::shared_ptr<void>(), &other_.store())};
    });
    return drainer.drain(sample_.store());
  }
  // The other one's entry 1 inserts a row of `counters`.
  void other_sends() {
    other_.write([&](cache::Transaction& transaction) {
      Entry entry = sent_;
      Outbox(other_.overlay()).append(transaction, entry, {}, {});
      cache::TemporaryIds::remember(transaction, entry.sequence, other_.table("counters"), {-1});
      Outbox(other_.overlay()).claim(transaction, clock_.now());
    });
  }
  void other_hears(std::int64_t real) {
    other_.write([&](cache::Transaction& transaction) {
      transaction.database().execute("UPDATE hf_temporary_ids SET real=" + std::to_string(real));
    });
  }

  cache::sample::Sample other_;
  Entry sent_;
};

TEST_F(TwoPrincipalsTest, WhatAnotherPrincipalsAnswerToldIsNotALostRow) {
  const auto sequence = insert_keyless("counters", R"({"name":"coffee"})");
  sent_ = entry(sequence);
  upstream_.push(upstream::Outcome(upstream::Answer{200, json(), "[]", {}, {}}));
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});  // it never arrived
  insert_as_somebody_else("coffee");
  other_sends();
  drain_beside_other();
  EXPECT_EQ(state(sequence), "uncertain") << "the row may be the other one's";
  clock_.advance(options_.statement_timeout);
  drain_beside_other();
  EXPECT_EQ(state(sequence), "waiting") << "and still may: nothing is proved";
  other_hears(41);
  clock_.advance(1h);
  drain_beside_other();
  EXPECT_EQ(state(sequence), "acknowledged") << entry(sequence).last_error;
  EXPECT_EQ(rows_.size(), 2U) << "sold twice";
}

// Others may change it at any moment.
TEST_F(BareKeylessTest, WhatArrivedIsAdoptedWhileItStillSaysWhatWasSent) {
  const auto sequence = insert_keyless("counters", R"({"name":"a"})");
  lose_posts_ = 1;
  cut_ = false;
  drain();
  EXPECT_EQ(state(sequence), "acknowledged") << entry(sequence).last_error;
  EXPECT_EQ(shown(), R"({"id":41,"name":"a"})");
}

TEST_F(BareKeylessTest, WhatOthersHaveChangedSinceIsForAPerson) {
  auto tables = cache::sample::tables();
  auto& counters = tables[5].columns;
  counters.push_back(cache::sample::columns({{"step", "integer"}}).front());
  sample_.reopen(
      std::make_shared<const cache::Catalog>(std::move(tables), std::vector<cache::Function>{}));
  sample_.complete();
  const auto sequence = insert_keyless("counters", R"({"name":"breakfast","step":1})");
  lose_posts_ = 1;
  drain();
  rows_.rbegin()->second = R"("name":"breakfast","step":2)";
  clock_.advance(options_.statement_timeout);
  drain();
  EXPECT_EQ(state(sequence), "uncertain");
  EXPECT_EQ(entry(sequence).next_attempt_at, std::nullopt);
  EXPECT_EQ(fresh_.size(), 1U) << "never sent again blindly";
}

// The look after a send that did not arrive, where a row behind the noted key has another value in
// a column with this default.
class BareKeylessDefaultTest : public BareKeylessTest {
 protected:
  std::string state_after(const std::string& expression, const std::string& type,
                          const std::string& there) {
    auto tables = cache::sample::tables();
    auto& counters = tables[5].columns;
    counters.push_back(cache::sample::columns({{"place", type.c_str(), true, expression}}).front());
    sample_.reopen(
        std::make_shared<const cache::Catalog>(std::move(tables), std::vector<cache::Function>{}));
    sample_.complete();
    const auto sequence = insert_keyless("counters", R"({"name":"ok"})");
    upstream_.push(upstream::Outcome(upstream::Answer{200, json(), "[]", {}, {}}));
    upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
    commit(R"({"name":"ok","place":")" + there + "\"}");
    drain();
    EXPECT_EQ(state(sequence), "uncertain");
    clock_.advance(options_.statement_timeout);
    drain();
    return state(sequence);
  }
};

// Two people say the same in one moment: the row of the other is not taken for one's own.
TEST_F(BareKeylessDefaultTest, ARowOfSomebodyElseIsNotTakenForOnesOwn) {
  EXPECT_EQ(state_after("auth.uid()", "uuid", "8b1f0a52-51f6-4bd4-9f3b-2f4f4f9f2d11"),
            "acknowledged");
  EXPECT_EQ(rows_.size(), 2U) << "sent again";
}

// A new order that somebody has seen since.
TEST_F(BareKeylessDefaultTest, ARowOfWhichOthersChangedADefaultIsForAPerson) {
  EXPECT_EQ(state_after("'new'::text", "text", "seen"), "uncertain");
  EXPECT_EQ(rows_.size(), 1U) << "never sent again blindly";
}

TEST_F(BareKeylessTest, WhatDidNotArriveIsSentAgain) {
  const auto sequence = insert_keyless("counters", R"({"name":"a"})");
  upstream_.push(upstream::Outcome(upstream::Answer{200, json(), "[]", {}, {}}));
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  drain();
  EXPECT_EQ(state(sequence), "uncertain");
  insert_as_somebody_else("b");
  clock_.advance(options_.statement_timeout);
  drain();
  EXPECT_EQ(state(sequence), "acknowledged");
  EXPECT_EQ(rows_.size(), 2U);
  EXPECT_EQ(shown(), R"({"id":42,"name":"a"})");
}

// A sequence that caches values, counts down, or lies behind a key that somebody gave.
TEST_F(BareKeylessTest, ARowWithASmallerKeyThanTheNotedOneMayBeWhatWasSent) {
  insert_as_somebody_else("earlier");
  rows_[1000] = R"("name":"imported")";
  const auto sequence = insert_keyless("counters", R"({"name":"a"})");
  lose_posts_ = 1;
  drain();
  clock_.advance(options_.statement_timeout);
  drain();
  EXPECT_EQ(entry(sequence).noted_key, "1000");
  EXPECT_EQ(state(sequence), "uncertain");
  EXPECT_EQ(entry(sequence).next_attempt_at, std::nullopt) << "for a person";
  EXPECT_EQ(rows_.size(), 3U) << "never sent again blindly";
  EXPECT_THAT(conditions_, ::testing::StartsWith("&name=eq.a")) << "few rows are read for it";
}

TEST_F(BareKeylessTest, OlderRowsThatSaySomethingElseHoldNothingBack) {
  rows_[1000] = R"("name":"imported")";
  const auto sequence = insert_keyless("counters", R"({"name":"a"})");
  upstream_.push(upstream::Outcome(upstream::Answer{200, json(), R"([{"id":1000}])", {}, {}}));
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  drain();
  clock_.advance(options_.statement_timeout);
  drain();
  EXPECT_EQ(state(sequence), "acknowledged");
  EXPECT_EQ(rows_.size(), 2U);
}

TEST_F(BareKeylessTest, SeveralRowsThatSayTheSameAreForAPerson) {
  const auto sequence = insert_keyless("counters", R"({"name":"a"})");
  lose_posts_ = 1;
  drain();
  insert_as_somebody_else("a");
  clock_.advance(options_.statement_timeout);
  drain();
  EXPECT_EQ(state(sequence), "uncertain");
  EXPECT_EQ(entry(sequence).next_attempt_at, std::nullopt);
  clock_.advance(24h);
  drain(true);
  EXPECT_EQ(rows_.size(), 2U) << "never sent again blindly";
}

TEST_F(BareKeylessTest, ARowOfAnotherEntryOfOursIsNotTakenForIt) {
  const auto first = insert_keyless("counters", R"({"name":"a"})");
  lose_posts_ = 1;
  drain();
  const auto second = insert_keyless("counters", R"({"name":"a"})");
  drain();
  EXPECT_EQ(state(second), "acknowledged");
  clock_.advance(options_.statement_timeout);
  drain();
  EXPECT_EQ(state(first), "acknowledged") << entry(first).last_error;
  EXPECT_EQ(shown(), R"({"id":41,"name":"a"}{"id":42,"name":"a"})");
}

TEST_F(BareKeylessTest, RowsOfOneRequestAreAdoptedTogetherOrNotAtAll) {
  const auto sequence = insert_keyless("counters", R"([{"name":"a"},{"name":"a"},{"name":"b"}])");
  lose_posts_ = 1;
  drain();
  clock_.advance(options_.statement_timeout);
  drain();
  EXPECT_EQ(state(sequence), "acknowledged") << entry(sequence).last_error;
  EXPECT_EQ(shown(), R"({"id":41,"name":"a"}{"id":42,"name":"a"}{"id":43,"name":"b"})");
  EXPECT_EQ(fresh_.size(), 1U);
}

TEST_F(BareKeylessTest, RowsThatMayNotBeSeenCannotBeLookedFor) {
  const auto sequence = insert_keyless("counters", R"({"name":"a"})");
  refuse_rows_ = true;
  lose_posts_ = 1;
  drain();
  EXPECT_EQ(state(sequence), "uncertain");
  clock_.advance(24h);
  drain(true);
  EXPECT_EQ(rows_.size(), 1U);
  EXPECT_EQ(entry(sequence).next_attempt_at, std::nullopt);
  EXPECT_EQ(outbox().counts(*sample_.store().reader())[State::kUncertain], 1);
}

TEST_F(BareKeylessTest, ACrashWhileItIsSentIsALostAnswer) {
  const auto sequence = insert_keyless("counters", R"({"name":"a"})");
  lose_posts_ = 1;
  drain();
  sample_.write([&](cache::Transaction& transaction) {
    transaction.database().execute("UPDATE hf_outbox SET state='sending', lost_answer=0");
  });
  sample_.reopen();
  sample_.complete();
  dispatcher().recover(sample_.store());
  drain();
  EXPECT_EQ(state(sequence), "uncertain");
  clock_.advance(options_.statement_timeout);
  drain();
  EXPECT_EQ(state(sequence), "acknowledged");
  EXPECT_EQ(rows_.size(), 1U);
}

TEST_F(BareKeylessTest, ACrashBeforeItIsNotedIsNoLostAnswer) {
  const auto sequence = insert_keyless("counters", R"({"name":"a"})");
  sample_.write([&](cache::Transaction& transaction) {
    transaction.database().execute("UPDATE hf_outbox SET state='sending'");
  });
  dispatcher().recover(sample_.store());
  drain();
  EXPECT_EQ(state(sequence), "acknowledged");
  EXPECT_EQ(rows_.size(), 1U);
}

TEST_F(BareKeylessTest, ByAPersonItIsNotSentBeforeItCanHaveBeenLookedFor) {
  const auto sequence = insert_keyless("counters", R"({"name":"a"})");
  lose_posts_ = 1;
  drain();
  sample_.write([&](cache::Transaction& transaction) {
    outbox().retry(transaction, outbox().find(transaction.database(), entry(sequence).id).value());
  });
  drain();
  EXPECT_EQ(rows_.size(), 1U);
  EXPECT_EQ(state(sequence), "uncertain");
}

TEST_F(BareKeylessTest, AProxysErrorPageIsALostAnswer) {
  const auto sequence = insert_keyless("counters", R"({"name":"a"})");
  upstream_.push(upstream::Outcome(upstream::Answer{200, json(), "[]", {}, {}}));
  upstream_.push(502, "<html>bad gateway</html>", {{"Content-Type", "text/html"}});
  drain();
  EXPECT_EQ(state(sequence), "uncertain");
  EXPECT_THAT(entry(sequence).last_error, HasSubstr("HTTP 502"));
}

}  // namespace
}  // namespace holdfast::queue
