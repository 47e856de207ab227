#include "cache/replica/violations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

using sample::compute;
using ::testing::HasSubstr;

// Hard case 16: 23503 and 23505 by what a pending write or the same request did, and by nothing
// else.
class ViolationsTest : public ::testing::Test {
 protected:
  ViolationsTest() : sample_(catalog()) {
    sample_.put("lists", R"([{"id":1,"title":"home","updated_at":"2026-11-20T00:00:00Z","slot":1},
                             {"id":2,"title":"work","updated_at":"2026-11-20T00:00:00Z","slot":2}])");
    sample_.put("todos",
                R"([{"id":1,"title":"a","done":false,"updated_at":"2026-11-20T00:00:00Z"}])");
    sample_.put("reviews", R"([{"id":1,"list_id":1}])");
    sample_.put("folders", R"([{"id":1,"parent":null}])");
  }

  // folders refer to folders; reviews keep their lists from being deleted.
  static std::shared_ptr<const Catalog> catalog() {
    auto tables = sample::tables();
    Table folders = sample::table(
        "folders", sample::columns({{"id", "integer", false}, {"parent", "integer"}}), {0});
    folders.foreign_keys.push_back(
        sample::reference("folders_parent_fkey", 1, "folders", ReferentialAction::kNoAction));
    tables.push_back(std::move(folders));
    Table grades = sample::table(
        "grades", sample::columns({{"degree", "numeric", false}, {"rank", "numeric"}}), {0});
    grades.unique.push_back({"grades_rank_key", {1}});
    tables.push_back(std::move(grades));
    for (Table& table : tables) {
      if (table.name == "reviews") {
        table.foreign_keys[0].on_delete = ReferentialAction::kNoAction;
      }
    }
    return std::make_shared<const Catalog>(tables, std::vector<Function>{},
                                           std::vector<std::string>{"public"});
  }

  // As a queued write shows it.
  void pend(const sample::Request& request) {
    auto changes = std::get<Changes>(compute(sample_, request));
    sample_.write([&](Transaction& transaction) {
      sample_.overlay().apply(transaction, ++entry_, changes.effects);
    });
  }

  // "CODE message (details)", "taken", or "doubt: …".
  std::string outcome(const sample::Request& request) {
    const auto computed = compute(sample_, request);
    if (const auto* error = std::get_if<Error>(&computed)) {
      return error->code + " " + error->message + " (" + error->details.value_or("") + ")";
    }
    if (const auto* ask = std::get_if<AskUpstream>(&computed)) return "asks: " + ask->reason;
    const auto& doubt = std::get<Changes>(computed).doubt;
    return doubt.empty() ? "taken" : "doubt: " + doubt;
  }

  sample::Sample sample_;
  std::int64_t entry_ = 0;
};

TEST_F(ViolationsTest, AParentThatAPendingDeletionTookIsMissingForSure) {
  pend({Operation::kDelete, "lists", "id=eq.2"});
  const std::string words =
      "23503 insert or update on table \"todos\" violates foreign key constraint "
      "\"todos_list_id_fkey\" (Key (list_id)=(2) is not present in table \"lists\".)";
  EXPECT_EQ(outcome({Operation::kInsert, "todos", "", R"({"id":9,"list_id":2,"title":"n"})"}),
            words);
  EXPECT_EQ(outcome({Operation::kUpdate, "todos", "id=eq.1", R"({"list_id":2})"}), words);
  EXPECT_EQ(outcome({Operation::kInsert, "todos", "", R"({"id":1,"list_id":2,"title":"n"})",
                     Resolution::kMergeDuplicates}),
            words);
}

TEST_F(ViolationsTest, AParentThatIsOnlyNotHereMayHaveComeSince) {
  EXPECT_EQ(outcome({Operation::kInsert, "todos", "", R"({"id":9,"list_id":3,"title":"n"})"}),
            "doubt: a row that it refers to is not here");
  // Gone upstream, and still changed by a write of ours: that is not what took it away.
  pend({Operation::kUpdate, "lists", "id=eq.2", R"({"title":"z"})"});
  sample_.remove("lists", R"({"id":2})");
  EXPECT_EQ(outcome({Operation::kInsert, "todos", "", R"({"id":9,"list_id":2,"title":"n"})"}),
            "doubt: a row that it refers to is not here");
}

TEST_F(ViolationsTest, AValueOfOtherDigitsIsTheSameValue) {
  pend({Operation::kInsert, "grades", "", R"({"degree":3,"rank":1.50})"});
  EXPECT_EQ(outcome({Operation::kInsert, "grades", "", R"({"degree":3.00,"rank":9})"}),
            "23505 duplicate key value violates unique constraint \"grades_pkey\" "
            "(Key (degree)=(3.00) already exists.)");
  EXPECT_EQ(outcome({Operation::kInsert, "grades", "", R"({"degree":4,"rank":1.5})"}),
            "23505 duplicate key value violates unique constraint \"grades_rank_key\" "
            "(Key (rank)=(1.5) already exists.)");
  EXPECT_EQ(outcome({Operation::kUpdate, "grades", "degree=eq.3.0", R"({"rank":1.500})"}), "taken");
}

// Hard case 5: sent before the write that frees its value, the upsert would change that one's row.
TEST_F(ViolationsTest, AnUpsertGoesAfterEveryWriteThatFreesItsValue) {
  const auto after = [&](const sample::Request& upsert) {
    return std::get<Changes>(compute(sample_, upsert)).references;
  };
  const auto take = [](const std::string& rank) {
    return sample::Request{Operation::kInsert, "grades", "on_conflict=rank",
                           R"({"degree":9,"rank":)" + rank + "}", Resolution::kMergeDuplicates};
  };
  const std::vector<std::pair<std::string, std::string>> first = {
      {"public.grades", R"({"degree":3})"}};
  pend({Operation::kInsert, "grades", "", R"({"degree":3,"rank":1.50})"});
  pend({Operation::kUpdate, "grades", "degree=eq.3", R"({"rank":2})"});
  EXPECT_EQ(after(take("1.5")), first) << "an own row had it in between";
  pend({Operation::kUpdate, "grades", "degree=eq.3", R"({"rank":5})"});
  EXPECT_EQ(after(take("2.0")), first);
  EXPECT_TRUE(after(take("7")).empty());
}

TEST_F(ViolationsTest, AParentMadeAgainAfterItsDeletionIsThere) {
  pend({Operation::kDelete, "lists", "id=eq.2"});
  pend({Operation::kInsert, "lists", "", R"({"id":2,"title":"again"})"});
  EXPECT_EQ(outcome({Operation::kInsert, "todos", "", R"({"id":9,"list_id":2,"title":"n"})"}),
            "taken");
}

TEST_F(ViolationsTest, RowsOfOneRequestMayReferToEachOther) {
  for (const bool authoritative : {false, true}) {
    for (const char* body :
         {R"([{"id":5,"parent":1},{"id":6,"parent":5}])",
          R"([{"id":6,"parent":5},{"id":5,"parent":null}])", R"([{"id":7,"parent":7}])"}) {
      sample::Request request{Operation::kInsert, "folders", "", body};
      request.authoritative = authoritative;
      EXPECT_EQ(outcome(request), "taken") << body;
      request.resolution = Resolution::kMergeDuplicates;
      EXPECT_EQ(outcome(request), "taken") << body;
    }
  }
  sample::Request orphan{Operation::kInsert, "folders", "", R"([{"id":5,"parent":8}])"};
  orphan.authoritative = true;
  EXPECT_THAT(outcome(orphan), HasSubstr("23503"));
}

TEST_F(ViolationsTest, APendingChildKeepsItsParentFromBeingDeleted) {
  // The one that is only here may be gone upstream.
  EXPECT_EQ(outcome({Operation::kDelete, "lists", "id=eq.1"}),
            "doubt: rows of reviews refer to it");
  pend({Operation::kInsert, "reviews", "", R"({"id":2,"list_id":2})"});
  EXPECT_EQ(outcome({Operation::kDelete, "lists", "id=eq.2"}),
            "23503 update or delete on table \"lists\" violates foreign key constraint "
            "\"reviews_list_id_fkey\" on table \"reviews\" "
            "(Key (id)=(2) is still referenced from table \"reviews\".)");
  pend({Operation::kDelete, "reviews", "id=eq.2"});
  EXPECT_EQ(outcome({Operation::kDelete, "lists", "id=eq.2"}), "taken");
}

TEST_F(ViolationsTest, AnUpdateToAValueThatAPendingWriteUsesIsRefused) {
  EXPECT_EQ(outcome({Operation::kUpdate, "lists", "id=eq.1", R"({"slot":2})"}),
            "doubt: a row with this lists_slot_key is here");
  pend({Operation::kUpdate, "lists", "id=eq.2", R"({"slot":7})"});
  const std::string words =
      "23505 duplicate key value violates unique constraint \"lists_slot_key\" "
      "(Key (slot)=(7) already exists.)";
  EXPECT_EQ(outcome({Operation::kUpdate, "lists", "id=eq.1", R"({"slot":7})"}), words);
  EXPECT_EQ(outcome({Operation::kInsert, "lists", "", R"({"id":1,"title":"n","slot":7})",
                     Resolution::kMergeDuplicates}),
            words);
  // The value that it has left is free, and its own is no other's.
  EXPECT_EQ(outcome({Operation::kUpdate, "lists", "id=eq.1", R"({"slot":2})"}), "taken");
  EXPECT_EQ(outcome({Operation::kUpdate, "lists", "id=eq.2", R"({"slot":7})"}), "taken");
  EXPECT_EQ(outcome({Operation::kInsert, "lists", "", R"({"id":2,"title":"n","slot":7})",
                     Resolution::kMergeDuplicates}),
            "taken");
}

TEST_F(ViolationsTest, AnUpdateToAKeyThatAPendingWriteUsesIsRefused) {
  EXPECT_EQ(outcome({Operation::kUpdate, "lists", "id=eq.1", R"({"id":2})"}),
            "doubt: a row with this lists_pkey is here");
  pend({Operation::kInsert, "lists", "", R"({"id":4,"title":"n"})"});
  EXPECT_THAT(outcome({Operation::kUpdate, "lists", "id=eq.1", R"({"id":4})"}),
              HasSubstr("23505 duplicate key value violates unique constraint \"lists_pkey\""));
}

// Hard case 16: one of them may be gone upstream.
TEST_F(ViolationsTest, AnUpdateThatGivesTwoRowsOneValueIsRefusedWhereBothAreOnesOwn) {
  const sample::Request same{Operation::kUpdate, "lists", "id=in.(1,2)", R"({"slot":9})"};
  EXPECT_EQ(outcome(same), "doubt: two rows here would have the same values");
  pend({Operation::kInsert, "lists", "", R"([{"id":4,"title":"n"},{"id":5,"title":"n"}])"});
  EXPECT_THAT(outcome({Operation::kUpdate, "lists", "id=in.(4,5)", R"({"slot":9})"}),
              HasSubstr("23505"));
  EXPECT_EQ(outcome({Operation::kUpdate, "lists", "id=in.(1,2)", R"({"slot":null})"}), "taken");
}

TEST_F(ViolationsTest, WhereTheRowsHereAreTheTruthTheyProveIt) {
  sample::Request request{Operation::kUpdate, "lists", "id=eq.1", R"({"slot":2})"};
  request.authoritative = true;
  EXPECT_THAT(outcome(request), HasSubstr("23505"));
  sample::Request deletion{Operation::kDelete, "lists", "id=eq.1"};
  deletion.authoritative = true;
  EXPECT_THAT(outcome(deletion), HasSubstr("23503"));
}

TEST_F(ViolationsTest, AKeyThatAnOwnPendingChildRefersToCannotChange) {
  const sample::Request moved{Operation::kUpdate, "lists", "id=eq.2", R"({"id":20})"};
  const sample::Request merged{Operation::kInsert, "lists", "on_conflict=slot",
                               R"({"id":20,"title":"n","slot":2})", Resolution::kMergeDuplicates};
  EXPECT_EQ(outcome(moved), "taken");
  EXPECT_EQ(outcome({Operation::kUpdate, "lists", "id=eq.1", R"({"id":10})"}),
            "doubt: rows of reviews refer to it");
  pend({Operation::kUpdate, "reviews", "id=eq.1", R"({"list_id":2})"});
  const std::string words =
      "23503 update or delete on table \"lists\" violates foreign key constraint "
      "\"reviews_list_id_fkey\" on table \"reviews\" "
      "(Key (id)=(2) is still referenced from table \"reviews\".)";
  EXPECT_EQ(outcome(moved), words);
  EXPECT_EQ(outcome(merged), words);
  EXPECT_EQ(outcome({Operation::kUpdate, "lists", "id=eq.2", R"({"id":2,"title":"x"})"}), "taken");
}

TEST_F(ViolationsTest, AChildThatChangesInTheSameRequestKeepsNoKey) {
  pend({Operation::kInsert, "folders", "", R"({"id":5,"parent":5})"});
  EXPECT_EQ(outcome({Operation::kUpdate, "folders", "id=eq.5", R"({"id":6,"parent":6})"}), "taken");
  EXPECT_THAT(outcome({Operation::kUpdate, "folders", "id=eq.5", R"({"id":6})"}),
              HasSubstr("23503"));
}

}  // namespace
}  // namespace holdfast::cache
