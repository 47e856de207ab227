#include "routes/outbox_entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/http/uri.h"
#include "tests/cache/replica/sample.h"

namespace holdfast::routes {
namespace {

using cache::Operation;
using cache::sample::Request;
using ::testing::HasSubstr;

class OutboxEntriesTest : public ::testing::Test {
 protected:
  std::vector<PlannedEntry> plan(const Request& request) {
    mutation_ = cache::sample::mutation_of(sample_.known(), request);
    changes_ = std::get<cache::Changes>(cache::sample::compute(sample_, request));
    std::vector<PlannedEntry> entries;
    auto planned = plan_entry(mutation_, changes_, request.body, http::Principal::anonymous(),
                              cache::sample::noon());
    if (planned) entries.push_back(*std::move(planned));
    return entries;
  }
  void put_todos(int count) {
    std::string rows = "[";
    for (int id = 1; id <= count; ++id) {
      rows += (id > 1 ? ",{\"id\":" : "{\"id\":") + std::to_string(id) +
              R"(,"title":"a","done":false,"updated_at":"2026-11-21T00:00:00Z"})";
    }
    sample_.put("todos", rows + "]");
  }

  cache::sample::Sample sample_;
  cache::Mutation mutation_;
  cache::Changes changes_;
};

// Hard case 10.
TEST_F(OutboxEntriesTest, AMintedKeyIsSentInTheBodyAndInColumns) {
  const auto entries = plan({Operation::kInsert, "notes", "columns=body", R"([{"body":"n"}])"});
  ASSERT_EQ(entries.size(), 1U);
  const auto& entry = entries[0].entry;
  EXPECT_THAT(http::percent_decode(entry.target), HasSubstr("columns="));
  EXPECT_THAT(http::percent_decode(entry.target), HasSubstr("id"));
  EXPECT_THAT(entry.body, HasSubstr("\"id\":"));
  EXPECT_TRUE(entry.minted_key);
  EXPECT_THAT(entry.idempotency_key, ::testing::StartsWith("hf1:"));
}

TEST_F(OutboxEntriesTest, AnInsertIsOneEntryHoweverManyRows) {
  std::string rows = "[";
  for (int id = 1; id <= 250; ++id) {
    rows += (id > 1 ? ",{\"id\":" : "{\"id\":") + std::to_string(id) + R"(,"title":"a"})";
  }
  const auto entries = plan({Operation::kInsert, "todos", "", rows + "]"});
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].effects.size(), 250U);
}

// Hard case 6: all or nothing, where the upstream can.
TEST_F(OutboxEntriesTest, AFilteredWriteIsOneEntryHoweverManyRows) {
  put_todos(250);
  const auto entries = plan({Operation::kUpdate, "todos", "done=is.false", R"({"done":true})"});
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].effects.size(), 250U);
  EXPECT_EQ(entries[0].entry.body, R"({"done":true})");
}

TEST_F(OutboxEntriesTest, CascadedRowsStayWithTheRowThatTakesThemAlong) {
  sample_.put("lists", R"([{"id":1,"title":"a","updated_at":"2026-11-21T00:00:00Z"},
                           {"id":2,"title":"b","updated_at":"2026-11-21T00:00:00Z"}])");
  sample_.put("reviews", R"([{"id":1,"list_id":1},{"id":2,"list_id":2}])");
  const auto entries = plan({Operation::kDelete, "lists", "id=gt.0"});
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].effects.size(), 4U);
  EXPECT_THAT(http::percent_decode(entries[0].entry.target),
              ::testing::EndsWith("in.(\"1\",\"2\")"));
}

TEST_F(OutboxEntriesTest, AChangedKeyIsSentToTheOldOne) {
  put_todos(1);
  const auto entries = plan({Operation::kUpdate, "todos", "id=eq.1", R"({"id":7})"});
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_THAT(entries[0].entry.target, ::testing::EndsWith("?id=eq.1"));
  EXPECT_EQ(entries[0].effects.size(), 2U);
}

TEST_F(OutboxEntriesTest, ACompositeKeyIsNamedWhole) {
  sample_.put("tags", R"({"todo_id":1,"name":"a,b","weight":1})");
  const auto entries = plan({Operation::kDelete, "tags", "todo_id=eq.1"});
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_THAT(http::percent_decode(entries[0].entry.target),
              ::testing::EndsWith("?todo_id=eq.1&name=eq.a,b"));
}

}  // namespace
}  // namespace holdfast::routes
