#include "gateway/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace holdfast::cli {
namespace {

constexpr std::size_t kBar = 24;
constexpr std::chrono::milliseconds kFirst{150};
constexpr std::chrono::milliseconds kNext{150};

std::size_t terminal_width() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

std::string progress_line(const ProgressState& state, std::size_t width, std::size_t turn) {
  std::string bar(kBar, ' ');
  std::string percent;
  if (state.part) {
    const double part = std::clamp(*state.part, 0.0, 1.0);
    const auto filled = static_cast<std::size_t>(part * kBar);
    std::fill_n(bar.begin(), filled, '=');
    if (filled < kBar) bar[filled] = '>';
    percent = std::to_string(static_cast<int>(part * 100)) + " %  ";
  } else {
    // To and fro.
    const std::size_t way = 2 * (kBar - 3);
    const std::size_t at = turn % way;
    bar.replace(at < kBar - 3 ? at : way - at, 3, "===");
  }
  std::string line = "[" + bar + "] " + percent + state.text;
  if (line.size() > width) line.resize(width);
  return line;
}

ProgressState progress_of(const std::string& doing, const ProgressCount::State& count,
                          const std::string& units) {
  if (count.total == 0) return {doing, std::nullopt};
  return {doing + ": " + std::to_string(count.done) + " of " + std::to_string(count.total) + " " +
              units,
          static_cast<double>(count.done) / static_cast<double>(count.total)};
}

Progress::Progress(const CommonOptions& common, std::function<ProgressState()> look, Output output)
    : look_(std::move(look)) {
  if (common.json || isatty(STDERR_FILENO) != 1) return;
  if (output == Output::kMeanwhile && isatty(STDOUT_FILENO) == 1) return;
  thread_ = std::thread([this] { draw(); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    ending_ = true;
    ended_.notify_all();
  }
  thread_.join();
}

void Progress::draw() {
  bool drawn = false;
  for (std::size_t turn = 0;; ++turn) {
    {
      MutexLock lock(mutex_);
      if (!ending_) ended_.wait_for(mutex_, turn == 0 ? kFirst : kNext);
      if (ending_) break;
    }
    // Without the last column: a line that fills the terminal would go on in the next.
    std::cerr << "\r\x1b[K" << progress_line(look_(), terminal_width() - 1, turn) << std::flush;
    drawn = true;
  }
  if (drawn) std::cerr << "\r\x1b[K" << std::flush;
}

}  // namespace holdfast::cli
