#include "gateway/app/replica_keeper.h"

#include "cache/replica/change_feed.h"
#include "tests/routes/fixture.h"

namespace holdfast::app {
namespace {

using namespace std::chrono_literals;
using cache::TableStatus;

// Hard case 3: rows of principals that are away go, what they have not delivered never does.
class ReplicaKeeperTest : public routes::RoutesTest {
 protected:
  static http::Principal user(const std::string& id) {
    http::Principal principal;
    principal.kind = http::Principal::Kind::kUser;
    principal.id = "user-" + id;
    principal.subject = id;
    principal.role = "authenticated";
    return principal;
  }
  // A user with a row of the upstream and one that is not delivered.
  void make(const std::string& id) {
    const auto store = stores_.open(user(id));
    const cache::Table& lists = *store->catalog().find("public", "lists");
    const auto row = cache::parse_row(lists, R"({"id":1,"title":"theirs"})").value();
    const std::string words(1'000'000, 'x');
    const auto large = cache::parse_row(lists, R"({"id":3,"title":")" + words + "\"}").value();
    cache::Effect effect{"public.lists", R"({"id":2})", cache::EffectKind::kInsert,
                         R"({"id":2,"title":"mine"})", R"({"id":2,"title":"mine"})"};
    store->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
      store->overlay().put_clean(transaction, lists, row);
      store->overlay().put_clean(transaction, lists, large);
      store->overlay().apply(transaction, 1, {&effect, 1});
      store->mark_complete(transaction, lists);
    });
    store->publish(lists, TableStatus::kComplete);
    store->note_used(clock_.now());
  }
  std::string titles(const std::string& id) {
    const auto store = stores_.open(user(id));
    auto reader = store->reader();
    cache::Statement statement(*reader,
                               "SELECT title FROM \"public.lists\" WHERE id<3 ORDER BY id");
    std::string titles;
    while (statement.step()) titles += std::string(statement.text(0)) + ";";
    return titles;
  }
  TableStatus status(const std::string& id) {
    const auto store = stores_.open(user(id));
    return store->status(*store->catalog().find("public", "lists"));
  }

  ReplicaKeeper keeper_{replica_, stores_, synchronizer_, pool_, clock_, logger_};
  WorkerPool pool_{1, silent_logger()};  // ends before the keeper, as in the app
};

TEST_F(ReplicaKeeperTest, HardCase3_TheRowsOfAnAbsentPrincipalGoAndItsWritesStay) {
  replica_.idle_principal = 24h;
  make("away");
  make("here");
  clock_.advance(23h);
  stores_.open(user("here"))->note_used(clock_.now());
  keeper_.check();
  EXPECT_EQ(titles("away"), "theirs;mine;");
  clock_.advance(2h);
  keeper_.check();
  EXPECT_EQ(titles("away"), "mine;");
  EXPECT_EQ(status("away"), TableStatus::kNotReplicated);
  EXPECT_EQ(titles("here"), "theirs;mine;");
  EXPECT_EQ(status("here"), TableStatus::kComplete);
}

// An app that uses Realtime alone never asks for a page of them.
TEST_F(ReplicaKeeperTest, ChangesThatNobodyAsksForAreForgotten) {
  make("here");
  const auto store = stores_.open(user("here"));
  const cache::Table& lists = *store->catalog().find("public", "lists");
  const std::string followed = cache::ChangeFeed(*store).now();
  store->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
    for (int id = 10; id < 1'300; ++id) {
      store->overlay().put_clean(
          transaction, lists,
          cache::parse_row(lists, R"({"id":)" + std::to_string(id) + R"(,"title":"new"})").value());
    }
  });
  const auto kept = [&] {
    auto reader = store->reader();
    cache::Statement statement(*reader, "SELECT count(*) FROM hf_feed");
    statement.step();
    return statement.integer(0);
  };
  ASSERT_EQ(kept(), 1'290);
  // The file notes real time.
  clock_.set(Timestamp(std::chrono::floor<std::chrono::microseconds>(
                 std::chrono::system_clock::now().time_since_epoch())) +
             29 * 24h);
  store->note_used(clock_.now());
  keeper_.check();
  EXPECT_EQ(kept(), 1'290);
  clock_.advance(48h);
  store->note_used(clock_.now());
  keeper_.check();
  EXPECT_EQ(kept(), 0);
  EXPECT_FALSE(cache::ChangeFeed(*store).page(followed, 10)) << "it has to begin again";
}

TEST_F(ReplicaKeeperTest, HardCase3_WhoComesBackIsReplicatedAnew) {
  replica_.idle_principal = 24h;
  make("away");
  clock_.advance(25h);
  keeper_.check();
  ASSERT_TRUE(stores_.is_absent("user-away"));
  keeper_.come_back(user("away"));
  while (stores_.is_absent("user-away")) std::this_thread::yield();
  keeper_.check();
  EXPECT_FALSE(stores_.is_absent("user-away")) << "it is here now";
  EXPECT_EQ(status("away"), TableStatus::kSyncing);
  EXPECT_EQ(titles("away"), "mine;");
}

TEST_F(ReplicaKeeperTest, HardCase3_AbsenceOutlivesARestart) {
  replica_.idle_principal = 24h;
  make("away");
  clock_.advance(25h);
  keeper_.check();
  stores_.set_catalog(cache::sample::catalog());
  EXPECT_TRUE(stores_.is_absent("user-away"));
  EXPECT_EQ(titles("away"), "mine;");
}

TEST_F(ReplicaKeeperTest, HardCase3_ForRoomTheRowsGoOfWhoeverIsAwayLongest) {
  replica_.idle_principal = 0ms;
  make("first");
  clock_.advance(1h);
  make("second");
  make("third");
  clock_.advance(1h);
  stores_.open(user("third"))->note_used(clock_.now());
  std::uint64_t bytes = stores_.size_of("anon");
  for (const char* id : {"first", "second", "third"}) {
    bytes += stores_.size_of(std::string("user-") + id);
  }
  replica_.max_bytes = bytes - 1;
  keeper_.check();
  EXPECT_EQ(titles("first"), "mine;");
  EXPECT_EQ(titles("second"), "theirs;mine;") << "that made room enough";
  replica_.max_bytes = 1;
  keeper_.check();
  EXPECT_EQ(titles("second"), "mine;");
  EXPECT_EQ(titles("third"), "theirs;mine;") << "it was here a moment ago";
}

}  // namespace
}  // namespace holdfast::app
