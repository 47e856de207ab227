#pragma once

namespace holdfast {

// What a thread says of itself to the scheduler. For the calling thread and those that it starts
// from then on; where the system knows no such thing (both are Linux's) nothing changes.

// It goes behind the process's other threads where the processors are busy: its nice value is 5.
void yield_to_other_threads() noexcept;

// It works for moments and wants each of them soon: its time slice is the shortest that there is,
// so that it takes the place of a thread that computes as soon as it wakes (sched_setattr(2); from
// Linux 6.12 on).
void ask_for_short_turns() noexcept;

}  // namespace holdfast
