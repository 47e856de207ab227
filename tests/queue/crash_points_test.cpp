#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <optional>

#include "cache/sqlite/database.h"
#include "queue/arbiter.h"
#include "queue/journal.h"
#include "tests/cache/sqlite/crashing_vfs.h"
#include "tests/queue/fixture.h"

// A life of a queue, ended at its writes and syncs in turn: what was answered is there afterwards,
// the step in between wholly or not at all, and the journal verifies. HF_CRASH_STRIDE=1 takes each
// of them, which takes minutes.
namespace holdfast::queue {
namespace {

using cache::CrashingVfs;
using cache::Operation;
using cache::Transaction;

// Has nothing in common with how many writes a transaction makes.
constexpr int kStride = 17;

// One gateway's file, and what happens to it step by step; each step is one transaction.
class Life : public QueueTest {
 public:
  Life() {
    attach();
    sample_.put("lists", R"([{"id":1,"title":"home","updated_at":"2026-11-20T00:00:00Z"}])");
    sample_.put("todos",
                "[" + todo(1, "a", "false", "1") + "," + todo(2, "b") + "," + todo(3, "c") + "]");
    sample_.complete();
    // Often, so that its writes are among those that fail.
    sample_.write([](Transaction& transaction) {
      transaction.database().execute("PRAGMA wal_autocheckpoint=20");
    });
  }

  using Step = std::function<void(Life&)>;
  static const std::vector<Step>& steps();

  // After the process has ended: nothing of it reached the file any more.
  void restart(CrashingVfs& vfs) {
    sample_.close();
    vfs.mend();
    sample_.reopen();
    attach();
  }

  // All that the file holds, but for what is random.
  std::string contents() {
    std::string text;
    for (const char* sql : {
             "SELECT sequence, state, operation, relation, body, attempts, last_status, "
             "lost_answer,"
             " ended_at IS NULL, next_attempt_at FROM hf_outbox ORDER BY sequence",
             "SELECT entry, ordinal, relation, key, kind, changes, row, base, active"
             " FROM hf_effects ORDER BY entry, ordinal",
             "SELECT * FROM hf_pending_base ORDER BY relation, key",
             "SELECT * FROM hf_references ORDER BY entry, relation, key",
             "SELECT * FROM hf_rereads ORDER BY relation, key",
             "SELECT * FROM hf_acknowledged_rows ORDER BY relation, key",
             "SELECT * FROM hf_temporary_ids ORDER BY relation, temporary",
             "SELECT name, value FROM hf_meta ORDER BY name",
             "SELECT count(*), max(state) FROM hf_conflicts",
             "SELECT number, event, was, became FROM hf_journal ORDER BY number",
         }) {
      append_rows(sql, text);
    }
    for (const char* table : {"lists", "todos", "tags", "counters"}) {
      text += sample_.rows(table, {sample_.table(table).columns[0].name});
      if (table == std::string("todos")) text += sample_.rows(table, {"title", "done", "list_id"});
    }
    return text;
  }

  std::string damage() {
    auto reader = sample_.store().reader();
    const auto check = journal_.verify(*reader, std::nullopt);
    if (!check.faults.empty()) return "journal: " + check.faults[0].what;
    cache::Statement statement(*reader, "PRAGMA integrity_check");
    statement.step();
    return statement.text(0) == "ok" ? "" : std::string(statement.text(0));
  }

 private:
  void TestBody() override {}
  void attach() { journal_.attach(sample_.store()); }

  void append_rows(const char* sql, std::string& text) {
    auto reader = sample_.store().reader();
    cache::Statement statement(*reader, sql);
    while (statement.step()) {
      for (int i = 0; i < statement.column_count(); ++i) {
        text += statement.is_null(i) ? "-" : std::string(statement.text(i));
        text += '|';
      }
      text += '\n';
    }
  }

  template <typename Job>
  void in_outbox(const Job& job) {
    sample_.write([&](Transaction& transaction) {
      Outbox outbox(sample_.overlay());
      job(outbox, transaction);
    });
  }
  Entry at(std::int64_t sequence) { return entry(sequence); }
  void claim() {
    in_outbox(
        [&](Outbox& outbox, Transaction& transaction) { outbox.claim(transaction, clock_.now()); });
  }
  cache::UpstreamImage image(const char* table, const std::string& key_text,
                             const std::string& row) {
    const cache::Table& found = sample_.table(table);
    return {&found, key_text, cache::parse_row(found, row).value()};
  }
  void acknowledge(std::int64_t sequence, const std::vector<cache::UpstreamImage>& images) {
    const Entry ended = at(sequence);
    in_outbox([&](Outbox& outbox, Transaction& transaction) {
      outbox.acknowledge(transaction, ended, images, clock_.now());
    });
  }
  void reject(std::int64_t sequence) {
    const Entry ended = at(sequence);
    in_outbox([&](Outbox& outbox, Transaction& transaction) {
      outbox.reject(transaction, ended, 400, "no", clock_.now());
    });
  }
  void retry(std::int64_t sequence) {
    const Entry again = at(sequence);
    in_outbox([&](Outbox& outbox, Transaction& transaction) { outbox.retry(transaction, again); });
  }
  void wait(std::int64_t sequence) {
    const Entry late = at(sequence);
    in_outbox([&](Outbox& outbox, Transaction& transaction) {
      outbox.wait(transaction, late, late.attempts, {clock_.now(), 0, "no answer", true});
    });
  }
  void split(std::int64_t sequence) {
    const Entry whole = at(sequence);
    in_outbox([&](Outbox& outbox, Transaction& transaction) { outbox.split(transaction, whole); });
  }
  // Somebody else has changed the row meanwhile.
  void collide(std::int64_t sequence, int id, const std::string& row) {
    const Entry mine = at(sequence);
    in_outbox([&](Outbox& outbox, Transaction& transaction) {
      Arbiter(outbox, tables_)
          .settle(transaction, mine, Collided{{image("todos", key(id), row)}}, clock_.now());
    });
  }
  void discard(std::int64_t sequence) {
    const Entry ended = at(sequence);
    in_outbox([&](Outbox& outbox, Transaction& transaction) {
      outbox.discard(transaction, ended, clock_.now());
    });
  }
  void recover() {
    in_outbox([&](Outbox& outbox, Transaction& transaction) {
      outbox.recover(transaction, clock_.now());
    });
  }

  Journal journal_{"a secret of a test", clock_};
};

const std::vector<Life::Step>& Life::steps() {
  static const std::vector<Step> kSteps = {
      [](Life& life) { life.insert("todos", R"({"id":10,"title":"new"})"); },   // 1
      [](Life& life) { life.insert("tags", R"({"todo_id":10,"name":"x"})"); },  // 2
      [](Life& life) { life.update("todos", 1, R"({"title":"mine"})"); },       // 3
      [](Life& life) {                                                          // 4 to 6
        life.enqueue({Operation::kUpdate, "todos", "id=in.(1,2,3)", R"({"done":true})"});
      },
      [](Life& life) { life.erase("lists", 1); },  // 7, with a todo
      [](Life& life) { life.claim(); },
      [](Life& life) {
        life.acknowledge(1, {life.image("todos", key(10), todo(10, "by a trigger"))});
      },
      [](Life& life) { life.claim(); },
      [](Life& life) { life.wait(2); },
      [](Life& life) { life.sample_.put("todos", "[" + todo(2, "pulled") + "]"); },
      [](Life& life) { life.sample_.remove("todos", key(3)); },
      [](Life& life) { life.claim(); },
      [](Life& life) { life.recover(); },
      [](Life& life) { life.acknowledge(2, {}); },
      [](Life& life) { life.claim(); },
      [](Life& life) { life.reject(3); },
      [](Life& life) { life.retry(3); },
      [](Life& life) { life.claim(); },
      [](Life& life) { life.collide(3, 1, todo(1, "theirs", "false", "1")); },
      [](Life& life) { life.split(4); },
      [](Life& life) { life.claim(); },
      [](Life& life) { life.acknowledge(4, {life.image("todos", key(1), todo(1, "z", "true"))}); },
      [](Life& life) { life.discard(5); },
      [](Life& life) { life.reject(7); },
      [](Life& life) { life.insert("todos", R"([{"id":11,"title":"p"},{"id":12,"title":"q"}])"); },
      [](Life& life) { life.claim(); },
  };
  return kSteps;
}

class CrashPointsTest : public ::testing::Test {
 protected:
  // The file after so many steps.
  const std::vector<std::string>& states() {
    if (!states_.empty()) return states_;
    Life life;
    states_.push_back(life.contents());
    vfs_.mend();
    for (const auto& step : Life::steps()) {
      step(life);
      states_.push_back(life.contents());
    }
    operations_ = vfs_.operations();
    return states_;
  }
  int operations() {
    states();
    return operations_;
  }

  // How many steps were answered before one failed.
  static std::size_t live(Life& life, std::size_t from = 0) {
    std::size_t answered = from;
    try {
      for (; answered < Life::steps().size(); ++answered) Life::steps()[answered](life);
    } catch (const cache::SqliteError&) {
    }
    return answered;
  }

  static int stride() {
    const char* text = std::getenv("HF_CRASH_STRIDE");
    return text == nullptr ? kStride : std::max(1, std::atoi(text));
  }

  void crash_everywhere(CrashingVfs::Loss loss) {
    const int last = operations();
    ASSERT_GT(last, 100);
    for (int point = 1; point <= last; point += stride()) {
      SCOPED_TRACE("crash at write " + std::to_string(point) + " of " + std::to_string(last));
      crash(point, loss);
      if (HasFailure()) return;
    }
  }
  void crash(int point, CrashingVfs::Loss loss) {
    Life life;
    vfs_.crash_at(point, loss);
    const std::size_t answered = live(life);
    ASSERT_TRUE(vfs_.crashed());
    life.restart(vfs_);
    ASSERT_EQ(life.damage(), "");
    const std::string found = life.contents();
    std::size_t reached = answered;
    // The step that got no answer may have been the last to become durable.
    if (found != states()[answered] && answered < Life::steps().size()) ++reached;
    ASSERT_EQ(found, states()[reached]) << "after " << answered << " answered steps";
    ASSERT_EQ(live(life, reached), Life::steps().size());
    ASSERT_EQ(life.contents(), states().back());
    ASSERT_EQ(life.damage(), "");
  }

  CrashingVfs vfs_;

 private:
  std::vector<std::string> states_;
  int operations_ = 0;
};

// Promises 1 and 2.
TEST_F(CrashPointsTest, AKilledProcessLosesNothingThatWasAnswered) {
  crash_everywhere(CrashingVfs::Loss::kNothing);
}

TEST_F(CrashPointsTest, AMachineWithoutPowerLosesNothingThatWasAnswered) {
  crash_everywhere(CrashingVfs::Loss::kUnsynced);
}

// Once: the step fails and changes nothing, the next try does.
TEST_F(CrashPointsTest, AWriteThatFailsIsTakenBackWholly) {
  const int last = operations();
  for (int point = 1; point <= last; point += stride()) {
    SCOPED_TRACE("write " + std::to_string(point) + " of " + std::to_string(last) + " fails");
    Life life;
    vfs_.fail_at(point);
    std::size_t done = live(life);
    for (int tries = 0; done < Life::steps().size(); ++tries) {
      ASSERT_EQ(life.contents(), states()[done]) << "after " << done << " steps";
      ASSERT_LT(tries, 3);
      done = live(life, done);
    }
    ASSERT_EQ(life.contents(), states().back());
    ASSERT_EQ(life.damage(), "");
  }
}

}  // namespace
}  // namespace holdfast::queue
