#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace holdfast {

// How much of a long piece of work is done: counted by whoever does it, looked at by others
// meanwhile.
//
// Thread-safe.
class ProgressCount {
 public:
  struct State {
    std::int64_t done = 0;
    std::int64_t total = 0;  // 0: not known yet
  };

  // So many more are to be done.
  void expect(std::int64_t more) { total_ += more; }
  void add(std::int64_t done) { done_ += done; }
  // For another piece of work.
  void clear() {
    done_ = 0;
    total_ = 0;
  }

  // An estimate may have been too low.
  State state() const {
    const std::int64_t total = total_;
    return {std::min<std::int64_t>(done_, total), total};
  }

 private:
  std::atomic<std::int64_t> done_{0};
  std::atomic<std::int64_t> total_{0};
};

}  // namespace holdfast
