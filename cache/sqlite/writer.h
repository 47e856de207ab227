#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "cache/sqlite/checkpointer.h"
#include "cache/sqlite/reserve.h"
#include "cache/sqlite/transaction.h"
#include "gateway/base/mutex.h"

namespace holdfast::cache {

// The one writer of a file: a thread that runs jobs in groups, one transaction and so one fsync
// for all jobs that have come while the last one was written (group commit).
//
// Each job has a savepoint of its own: a job that throws, or says Transaction::take_back(), takes
// back its own changes only. `done`
// is called after the group has committed, so a job is durable when its caller hears of it; with
// the job's exception, or the commit's for all of its group. Jobs of kClient and
// kEssential run before waiting ones of kBackground; each of these two queues keeps the order of
// submit(). When the disk is full, only jobs of kEssential run, with the room that is kept for
// them; the others fail with a SqliteError that says disk_full() until there is room again. The
// destructor runs what was submitted. A `done` may drop the last owner of the Writer: there the
// destructor does not wait, and the thread ends by itself. Thread-safe.
class Writer {
 public:
  enum class Priority { kClient, kEssential, kBackground };
  // kCaller: while the writer has nothing to do, the job and `done` run before submit() returns, on
  // the thread that called it, which spares both their changes of threads. For a thread that nobody
  // else waits for.
  enum class Place { kWriter, kCaller };
  using Job = std::function<void(Transaction&)>;
  using Done = std::function<void(std::exception_ptr)>;

  // Takes the writing connection over. `reserve`: bytes kept for jobs of kEssential.
  explicit Writer(std::unique_ptr<Database> database, std::int64_t reserve = Reserve::kBytes);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // `done` is part of the writer's turn: it must be short, and must not call run().
  void submit(Priority priority, Job job, Done done, Place place = Place::kWriter);
  // Submits and waits for the commit; throws what the job or the commit threw.
  void run(Priority priority, const Job& job);

  // Returns when all that was submitted before is done and told.
  void finish();

  // Groups written so far; counted before any `done` of the group is called.
  std::uint64_t commits() const { return state_->commits; }

  // `job` runs from now on in every group's transaction, after the group's own jobs and before its
  // commit. What it throws is the group's fault.
  void before_commit(Job job);
  // Called from now on after every group, also one that failed, before any `done` of it; and when
  // the log could begin anew if nobody read it.
  void after_commit(std::function<void()> call);

 private:
  struct Task {
    Priority priority;
    Job job;
    Done done;
    std::exception_ptr error;
  };

  // Shared with the thread, which may outlive the Writer by the end of a `done`.
  struct State {
    State(std::unique_ptr<Database> writing, std::int64_t reserve_bytes)
        : database(std::move(writing)),
          checkpointer(*database),
          reserve(Reserve::beside(database->path(), reserve_bytes)) {}

    std::unique_ptr<Database> database;
    Checkpointer checkpointer;  // of whoever has the turn, as is the database
    Reserve reserve;
    Mutex mutex;
    Condition changed;
    std::atomic<std::uint64_t> commits = 0;
    std::deque<Task> client HF_GUARDED_BY(mutex);
    std::deque<Task> background HF_GUARDED_BY(mutex);
    bool stopping HF_GUARDED_BY(mutex) = false;
    std::thread::id turn HF_GUARDED_BY(mutex);  // who is writing a group; none: nobody
    Job before_commit HF_GUARDED_BY(mutex);
    std::function<void()> after_commit HF_GUARDED_BY(mutex);
  };

  static void loop(State& state);
  static std::vector<Task> next_group(State& state);
  static void take_turn(State& state, std::vector<Task>& group) noexcept;
  // False: somebody else has it, or something waits for it.
  static bool take_idle_turn(State& state);
  static bool is_needed(const State& state) HF_REQUIRES(state.mutex);
  static void write_group(State& state, std::vector<Task>& group);
  static void renew_readers(State& state);
  static void refuse_for_want_of_room(std::vector<Task>& group);
  // False: there is nothing to commit.
  static bool run_jobs(Transaction& transaction, std::vector<Task>& group);
  static void run_in_savepoint(Transaction& transaction, Task& task);

  const std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace holdfast::cache
