#include "queue/row_chain.h"

#include <gmock/gmock.h>

#include "cache/replica/bundle.h"
#include "queue/journal_mirror.h"
#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Hard case 25: append-only tables chain their rows.
class RowChainTest : public QueueTest {
 protected:
  RowChainTest() {
    tables_.table_options["lists"].append_only = true;
    journal_.attach(sample_.store());
    sample_.complete();
  }

  void deliver(int id) {
    insert("lists", "{\"id\":" + std::to_string(id) + R"(,"title":"l"})");
    answer(201, "[{\"id\":" + std::to_string(id) + R"(,"title":"L","slot":null}])");
    drain();
  }
  void tamper(const char* sql) {
    cache::Database database(sample_.path(), cache::OpenMode::kReadWrite);
    database.execute(sql);
  }
  std::vector<JournalFault> faults() {
    return journal_.verify(*sample_.store().reader(), std::nullopt).faults;
  }

  Journal journal_{std::string(32, 's'), clock_};
};

TEST_F(RowChainTest, RowsAreChainedOverTheContentThatWasSent) {
  deliver(1);
  deliver(2);
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_row_chains"), 2);
  EXPECT_EQ(sample_.number("SELECT content='{\"id\":2,\"title\":\"l\"}' FROM hf_row_chains"
                           " WHERE number=2"),
            1);
  EXPECT_THAT(faults(), IsEmpty());
}

TEST_F(RowChainTest, OtherTablesHaveNone) {
  insert("todos", R"({"id":1,"title":"a"})");
  answer(201, "[" + todo(1, "a") + "]");
  drain();
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_row_chains"), 0);
}

TEST_F(RowChainTest, WhatWasNotTakenIsNoRow) {
  insert("lists", R"({"id":1,"title":"l"})");
  answer(400, error("23514"));
  drain();
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_row_chains"), 0);
}

TEST_F(RowChainTest, AnAlteredMissingOrCutOffRowIsFound) {
  deliver(1);
  deliver(2);
  deliver(3);
  tamper("UPDATE hf_row_chains SET content='{}' WHERE number=2");
  ASSERT_FALSE(faults().empty());
  EXPECT_THAT(faults().front().what, HasSubstr("altered"));
  tamper("DELETE FROM hf_row_chains WHERE number=2");
  EXPECT_THAT(faults().front().what, HasSubstr("missing"));
  tamper("DELETE FROM hf_row_chains WHERE number>1");
  ASSERT_EQ(faults().size(), 1U);
  EXPECT_THAT(faults().front().what, HasSubstr("not those of the journal"));
}

TEST_F(RowChainTest, AnExportHasThem) {
  deliver(1);
  std::string bundle;
  ProgressCount progress;
  cache::export_bundle(
      sample_.store(), "public", [&](std::string_view text) { bundle += text; }, progress);
  EXPECT_THAT(bundle, HasSubstr("\"row_chain\":[\n{\"number\":1,\"entry\":"));
  EXPECT_THAT(bundle, HasSubstr(R"("content":"{\"id\":1,\"title\":\"l\"}")"));
}

// The head and count, kept at the upstream.
TEST_F(RowChainTest, TheJournalsHeadIsMirroredAndAnEarlierEndIsNoticed) {
  const JournalHead head{7, "abc"};
  answer(200, R"({"version":1,"results":[{"status":200,"value":{"number":7,"mac":"abc"}}]})");
  auto mirrored = mirror_head(upstream_, *credentials_.current, "device-1", head);
  EXPECT_TRUE(mirrored.kept);
  EXPECT_FALSE(mirrored.ahead.has_value());
  EXPECT_THAT(upstream_.calls().back().body, HasSubstr(R"("op":"head")"));
  answer(200, R"({"version":1,"results":[{"status":200,"value":{"number":9,"mac":"later"}}]})");
  mirrored = mirror_head(upstream_, *credentials_.current, "device-1", head);
  ASSERT_TRUE(mirrored.ahead.has_value());
  EXPECT_EQ(mirrored.ahead->number, 9);
  answer(404, error("PGRST202"));
  EXPECT_FALSE(mirror_head(upstream_, *credentials_.current, "device-1", head).kept);
}

}  // namespace
}  // namespace holdfast::queue
