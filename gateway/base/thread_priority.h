#pragma once

namespace holdfast {

// What the calling thread says of itself to the scheduler; where the system knows no such thing
// (both are Linux's) nothing changes.

// It, and those that it starts from then on, go behind the process's other threads where the
// processors are busy: nice value 5.
void yield_to_other_threads() noexcept;

// It, and none that it starts, works for moments and wants each of them soon: its time slice is the
// shortest that there is, so that it takes the place of a thread that computes as soon as it wakes
// (sched_setattr(2); from Linux 6.12 on).
void ask_for_short_turns() noexcept;

}  // namespace holdfast
