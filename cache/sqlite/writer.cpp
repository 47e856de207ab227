#include "cache/sqlite/writer.h"

#include <future>

namespace holdfast::cache {
namespace {

// A group is one fsync: large enough to share it among all waiting clients, small enough that the
// first of them does not wait long for the last.
constexpr std::size_t kClientJobsInGroup = 256;
// A background job (a page of pulled rows) takes milliseconds by itself.
constexpr std::size_t kBackgroundJobsInGroup = 1;

}  // namespace

Writer::Writer(std::unique_ptr<Database> database)
    : database_(std::move(database)), thread_([this] { loop(); }) {}

Writer::~Writer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Writer::submit(Priority priority, Job job, Done done) {
  {
    MutexLock lock(mutex_);
    auto& queue = priority == Priority::kClient ? client_ : background_;
    queue.push_back({std::move(job), std::move(done), nullptr});
  }
  changed_.notify_one();
}

void Writer::run(Priority priority, const Job& job) {
  std::promise<void> promise;
  submit(priority, job, [&promise](std::exception_ptr error) {
    if (error) {
      promise.set_exception(error);
    } else {
      promise.set_value();
    }
  });
  promise.get_future().get();
}

void Writer::loop() {
  for (;;) {
    auto group = next_group();
    if (group.empty()) return;
    write_group(group);
    for (auto& task : group) {
      if (task.done) task.done(task.error);
    }
  }
}

std::vector<Writer::Task> Writer::next_group() {
  MutexLock lock(mutex_);
  while (client_.empty() && background_.empty() && !stopping_) changed_.wait(mutex_);
  const bool clients = !client_.empty();
  auto& queue = clients ? client_ : background_;
  const std::size_t limit = clients ? kClientJobsInGroup : kBackgroundJobsInGroup;
  std::vector<Task> group;
  while (!queue.empty() && group.size() < limit) {
    group.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  return group;
}

void Writer::write_group(std::vector<Task>& group) {
  try {
    Transaction transaction(*database_);
    for (auto& task : group) run_in_savepoint(transaction, task);
    transaction.commit();
  } catch (...) {
    // Nothing of the group is durable: every caller has to hear it, also those whose job was fine.
    for (auto& task : group) task.error = std::current_exception();
  }
}

void Writer::run_in_savepoint(Transaction& transaction, Task& task) {
  try {
    Savepoint savepoint(transaction);
    task.job(transaction);
    savepoint.release();
  } catch (...) {
    task.error = std::current_exception();
    // SQLite ends the whole transaction by itself when the disk is full: then the group is lost.
    if (!transaction.database().in_transaction()) throw;
  }
}

}  // namespace holdfast::cache
