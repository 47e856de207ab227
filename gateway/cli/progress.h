#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "gateway/base/mutex.h"
#include "gateway/base/progress_count.h"
#include "gateway/cli/common.h"

namespace holdfast::cli {

// How far a piece of work is; nullopt where that is not known.
struct ProgressState {
  std::string text;
  std::optional<double> part;  // 0 to 1
};

// What is done of so many `units`: "importing: 12 of 100 rows", and the doing alone while the total
// is not known.
ProgressState progress_of(const std::string& doing, const ProgressCount::State& count,
                          const std::string& units);

// Where the result itself goes.
enum class Output { kAfterwards, kMeanwhile };

// A bar on stderr while something takes long; nothing where stderr is no terminal, with --json, for
// work that is done at once, or where the terminal is being written to meanwhile.
//
// Thread-safe.
class Progress {
 public:
  // `look`: how far it is, asked several times a second on a thread of its own; may take a while.
  Progress(const CommonOptions& common, std::function<ProgressState()> look,
           Output output = Output::kAfterwards);
  // The bar goes away.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void draw();

  const std::function<ProgressState()> look_;
  Mutex mutex_;
  Condition ended_;
  bool ending_ HF_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// One line of at most `width` characters: "[=====>    ] 45 %  text". Without a part the bar only
// shows that something happens; `turn` counts up.
std::string progress_line(const ProgressState& state, std::size_t width, std::size_t turn);

}  // namespace holdfast::cli
