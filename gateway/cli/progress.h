#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "gateway/base/mutex.h"

namespace holdfast::cli {

// How far a piece of work is; nullopt where that is not known.
struct ProgressState {
  std::string text;
  std::optional<double> part;  // 0 to 1
};

// A bar on stderr while something takes long; nothing where stderr is no terminal, or for work that
// is done at once.
//
// Thread-safe.
class Progress {
 public:
  // `look`: how far it is, asked several times a second on a thread of its own; may take a while.
  explicit Progress(std::function<ProgressState()> look);
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
