#include "gateway/base/thread_priority.h"

#ifdef __linux__
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#endif

namespace holdfast {

#ifdef __linux__
namespace {

// struct sched_attr of sched_setattr(2) in its first version; glibc 2.36 does not declare it.
struct SchedulingAttributes {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime;  // nanoseconds
  std::uint64_t deadline;
  std::uint64_t period;
};
static_assert(sizeof(SchedulingAttributes) == 48);
constexpr std::uint64_t kResetOnFork = 1;

}  // namespace

void yield_to_other_threads() noexcept {
  constexpr int kNice = 5;
  ::setpriority(PRIO_PROCESS, 0, kNice);
}

void ask_for_short_turns() noexcept {
  constexpr std::uint64_t kShortestSlice = 100'000;
  SchedulingAttributes wanted{};
  wanted.size = sizeof wanted;
  wanted.policy = SCHED_OTHER;
  wanted.flags = kResetOnFork;
  wanted.nice = ::getpriority(PRIO_PROCESS, 0);
  wanted.runtime = kShortestSlice;
  ::syscall(SYS_sched_setattr, 0, &wanted, 0U);
}
#else
void yield_to_other_threads() noexcept {}
void ask_for_short_turns() noexcept {}
#endif

}  // namespace holdfast
