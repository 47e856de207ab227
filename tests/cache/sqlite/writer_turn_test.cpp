// Whose thread a job is written on.
#include <thread>

#include "tests/cache/sqlite/writer_fixture.h"

namespace holdfast::cache {
namespace {

using Place = Writer::Place;
using Priority = Writer::Priority;

TEST_F(WriterTest, AnIdleWriterLeavesItsTurnToTheCallersThread) {
  std::thread::id thread;
  std::string seen;
  const auto job = [&](Transaction& transaction) {
    thread = std::this_thread::get_id();
    insert(1)(transaction);
  };
  const auto done = [&](std::exception_ptr error) {
    EXPECT_FALSE(error);
    seen = committed();
  };
  writer_->submit(Priority::kClient, job, done, Place::kCaller);
  EXPECT_EQ(thread, std::this_thread::get_id());
  EXPECT_EQ(seen, "1");
  EXPECT_EQ(writer_->commits(), 1U);
}

// There is one writer: while somebody writes, nobody else does.
TEST_F(WriterTest, WhileTheWriterIsBusyACallersJobWaitsItsTurn) {
  Gate gate;
  occupy(gate);
  std::thread::id thread;
  writer_->submit(
      Priority::kClient, [&](Transaction&) { thread = std::this_thread::get_id(); }, nullptr,
      Place::kCaller);
  EXPECT_EQ(thread, std::thread::id());
  gate.open();
  writer_->run(Priority::kClient, insert(1));
  EXPECT_NE(thread, std::thread::id());
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(WriterTest, WhatComesInACallersTurnIsWrittenAfterIt) {
  const auto job = [&](Transaction& transaction) {
    // The first would wait for itself, were it written within this one.
    writer_->submit(Priority::kClient, insert(2), nullptr, Place::kCaller);
    writer_->submit(Priority::kClient, insert(3), nullptr);
    insert(1)(transaction);
  };
  const auto done = [&](std::exception_ptr) {
    EXPECT_EQ(committed(), "1");
    writer_->submit(Priority::kClient, insert(4), nullptr, Place::kCaller);
    // The thread sees that it is not its turn.
    for (int i = 0; i < 10'000; ++i) std::this_thread::yield();
  };
  writer_->submit(Priority::kClient, job, done, Place::kCaller);
  while (committed() != "1,2,3,4") std::this_thread::yield();
}

TEST_F(WriterTest, ACallersJobThatThrowsTakesItsChangesBack) {
  bool failed = false;
  const auto job = [&](Transaction& transaction) {
    insert(1)(transaction);
    throw std::runtime_error("no");
  };
  writer_->submit(
      Priority::kClient, job, [&](std::exception_ptr error) { failed = error != nullptr; },
      Place::kCaller);
  EXPECT_TRUE(failed);
  writer_->run(Priority::kClient, insert(2));
  EXPECT_EQ(committed(), "2");
}

TEST_F(WriterTest, TheLastOwnerMayLetGoInACallersTurn) {
  Writer& writer = *writer_;
  const auto done = [this, &writer](std::exception_ptr) {
    writer.submit(Priority::kClient, insert(2), nullptr);
    writer_.reset();
  };
  writer.submit(Priority::kClient, insert(1), done, Place::kCaller);
  // What was submitted is written, by the thread that nobody waits for now.
  while (committed() != "1,2") std::this_thread::yield();
}

// As when a store is given up while a write is on its way: its job holds the last owner.
TEST_F(WriterTest, TheLastOwnerMayLetGoWithAJobThatIsDone) {
  Gate gate;
  auto owner = std::make_shared<std::unique_ptr<Writer>>(std::move(writer_));
  Writer& writer = **owner;
  writer.submit(
      Priority::kClient, [owner, &gate](Transaction&) { gate.pass(); }, nullptr);
  gate.wait_until_reached();
  const std::weak_ptr<std::unique_ptr<Writer>> kept = owner;
  owner.reset();
  gate.open();
  while (!kept.expired()) std::this_thread::yield();
}

}  // namespace
}  // namespace holdfast::cache
