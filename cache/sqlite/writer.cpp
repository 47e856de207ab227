#include "cache/sqlite/writer.h"

#include <algorithm>
#include <future>

namespace holdfast::cache {
namespace {

// A group is one fsync: large enough to share it among all waiting clients, small enough that the
// first of them does not wait long for the last.
constexpr std::size_t kClientJobsInGroup = 256;
// A background job (a page of pulled rows) takes milliseconds by itself.
constexpr std::size_t kBackgroundJobsInGroup = 1;

bool is_full(const std::exception_ptr& error) {
  if (!error) return false;
  try {
    std::rethrow_exception(error);
  } catch (const SqliteError& fault) {
    return fault.disk_full();
  } catch (...) {
    return false;
  }
}

}  // namespace

Writer::Writer(std::unique_ptr<Database> database, std::int64_t reserve)
    : state_(std::make_shared<State>(std::move(database), reserve)) {
  thread_ = std::thread([state = state_] { loop(*state); });
}

Writer::~Writer() {
  bool own_turn = false;
  {
    MutexLock lock(state_->mutex);
    state_->stopping = true;
    own_turn = state_->turn == std::this_thread::get_id();
  }
  state_->changed.notify_all();
  if (own_turn) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

void Writer::submit(Priority priority, Job job, Done done, Place place) {
  if (place == Place::kCaller && take_idle_turn(*state_)) {
    const auto state = state_;  // `done` may drop the last owner
    std::vector<Task> group;
    group.push_back({priority, std::move(job), std::move(done), nullptr});
    return take_turn(*state, group);
  }
  {
    MutexLock lock(state_->mutex);
    auto& queue = priority == Priority::kBackground ? state_->background : state_->client;
    queue.push_back({priority, std::move(job), std::move(done), nullptr});
  }
  state_->changed.notify_one();
}

void Writer::run(Priority priority, const Job& job) {
  std::promise<void> promise;
  submit(priority, job, [&promise](const std::exception_ptr& error) {
    if (error) {
      promise.set_exception(error);
    } else {
      promise.set_value();
    }
  });
  promise.get_future().get();
}

void Writer::finish() {
  std::promise<void> over;
  submit(
      Priority::kEssential, [](Transaction&) {},
      [&over](const std::exception_ptr&) { over.set_value(); });
  over.get_future().wait();
}

void Writer::before_commit(Job job) {
  MutexLock lock(state_->mutex);
  state_->before_commit = std::move(job);
}

void Writer::after_commit(std::function<void()> call) {
  MutexLock lock(state_->mutex);
  state_->after_commit = std::move(call);
}

void Writer::loop(State& state) {
  for (;;) {
    auto group = next_group(state);
    if (group.empty()) return;
    take_turn(state, group);
  }
}

void Writer::take_turn(State& state, std::vector<Task>& group) noexcept {
  write_group(state, group);
  // Failed ones, too: a commit that reports a fault may have happened.
  renew_readers(state);
  ++state.commits;
  for (auto& task : group) {
    if (task.done) task.done(task.error);
  }
  if (state.checkpointer.look()) renew_readers(state);
  // What they hold may be the last owner, who must not wait for its own thread.
  group.clear();
  MutexLock lock(state.mutex);
  state.turn = {};
  if (is_needed(state)) state.changed.notify_one();
}

bool Writer::is_needed(const State& state) {
  return !state.client.empty() || !state.background.empty() || state.stopping;
}

bool Writer::take_idle_turn(State& state) {
  MutexLock lock(state.mutex);
  if (state.turn != std::thread::id() || is_needed(state)) return false;
  state.turn = std::this_thread::get_id();
  return true;
}

void Writer::renew_readers(State& state) {
  std::function<void()> call;
  {
    MutexLock lock(state.mutex);
    call = state.after_commit;
  }
  if (call) call();
}

std::vector<Writer::Task> Writer::next_group(State& state) {
  MutexLock lock(state.mutex);
  while (state.turn != std::thread::id() || !is_needed(state)) state.changed.wait(state.mutex);
  const bool clients = !state.client.empty();
  auto& queue = clients ? state.client : state.background;
  const std::size_t limit = clients ? kClientJobsInGroup : kBackgroundJobsInGroup;
  std::vector<Task> group;
  while (!queue.empty() && group.size() < limit) {
    group.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  if (!group.empty()) state.turn = std::this_thread::get_id();
  return group;
}

void Writer::write_group(State& state, std::vector<Task>& group) {
  if (!state.reserve.keep()) refuse_for_want_of_room(group);
  Job before_commit;
  {
    MutexLock lock(state.mutex);
    before_commit = state.before_commit;
  }
  try {
    Transaction transaction(*state.database);
    if (run_jobs(transaction, group)) {
      if (before_commit) before_commit(transaction);
      transaction.commit();
    }
  } catch (...) {
    // Nothing of the group is durable: every caller has to hear it, also those whose job was fine.
    for (auto& task : group) task.error = std::current_exception();
  }
  if (std::any_of(group.begin(), group.end(),
                  [](const Task& task) { return is_full(task.error); })) {
    state.reserve.release();
  }
}

void Writer::refuse_for_want_of_room(std::vector<Task>& group) {
  for (auto& task : group) {
    if (task.priority != Priority::kEssential) {
      task.error = std::make_exception_ptr(SqliteError::full("no room is left on the disk"));
    }
  }
}

bool Writer::run_jobs(Transaction& transaction, std::vector<Task>& group) {
  // A savepoint keeps a copy of each page that is changed after it. What is alone can be taken back
  // with its transaction.
  const bool alone = group.size() == 1 && !group.front().error;
  if (alone) {
    group.front().job(transaction);
    return !transaction.was_taken_back();
  }
  for (auto& task : group) {
    if (!task.error) run_in_savepoint(transaction, task);
  }
  return true;
}

void Writer::run_in_savepoint(Transaction& transaction, Task& task) {
  try {
    Savepoint savepoint(transaction);
    task.job(transaction);
    if (!transaction.was_taken_back()) savepoint.release();
  } catch (...) {
    task.error = std::current_exception();
    transaction.was_taken_back();  // said by this job, if at all, and not by the next
    // SQLite ends the whole transaction by itself when the disk is full: then the group is lost.
    if (!transaction.database().in_transaction()) throw;
  }
}

}  // namespace holdfast::cache
