#include "gateway/base/periodic_task.h"

#include <gtest/gtest.h>

#include <semaphore>

namespace holdfast {
namespace {

std::shared_ptr<Logger> silent() {
  LogOptions options;
  options.level = "off";
  return make_logger(options);
}

TEST(PeriodicTaskTest, WorkThatRestsIsDoneOncePerWake) {
  std::counting_semaphore<> done{0};
  int turns = 0;
  PeriodicTask* self = nullptr;
  PeriodicTask task(
      "test", std::chrono::milliseconds(0),
      [&] {
        ++turns;
        self->rest();
        done.release();
      },
      silent());
  self = &task;
  task.start();
  done.acquire();
  for (int i = 0; i < 3; ++i) {
    task.wake();
    done.acquire();
  }
  task.stop();
  EXPECT_EQ(turns, 4);
}

TEST(PeriodicTaskTest, WorkThatThrowsComesAgain) {
  std::counting_semaphore<> done{0};
  PeriodicTask task(
      "test", std::chrono::milliseconds(0),
      [&] {
        done.release();
        throw std::runtime_error("a fault");
      },
      silent());
  task.start();
  done.acquire();
  done.acquire();
  task.stop();
}

}  // namespace
}  // namespace holdfast
