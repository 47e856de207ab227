#include "gateway/base/network_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace holdfast {
namespace {

// A change of network comes as many messages: it is over when none has come for so long.
constexpr int kQuietMs = 200;

// What is there to read; empty when nothing is, or the source has ended.
std::span<const char> read_from(int source, std::array<char, 16'384>& buffer) {
  const auto count = ::read(source, buffer.data(), buffer.size());
  return {buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

}  // namespace

NetworkWatch::NetworkWatch(std::function<void()> changed, std::shared_ptr<Logger> logger)
    : changed_(std::move(changed)), logger_(std::move(logger)) {}

NetworkWatch::~NetworkWatch() { stop(); }

void NetworkWatch::start() { start(open_network_source()); }

void NetworkWatch::start(int source) {
  if (source < 0) {
    logger_->info("network_watch_absent");
    return;
  }
  source_ = source;
  wake_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { run(); });
}

void NetworkWatch::stop() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  // An eventfd takes a single one at any time.
  static_cast<void>(::write(wake_, &one, sizeof one) == sizeof one);
  thread_.join();
  ::close(source_);
  ::close(wake_);
}

void NetworkWatch::tell() {
  try {
    changed_();
  } catch (const std::exception& fault) {
    logger_->error("network_change_fault reason={}", fault.what());
  }
}

void NetworkWatch::run() {
  std::array<char, 16'384> buffer{};
  bool pending = false;
  for (;;) {
    std::array<pollfd, 2> waits{pollfd{source_, POLLIN, 0}, pollfd{wake_, POLLIN, 0}};
    const int ready = ::poll(waits.data(), waits.size(), pending ? kQuietMs : -1);
    if (waits[1].revents != 0) return;
    if (ready < 0 && errno != EINTR) return;
    if (ready == 0) {
      pending = false;
      logger_->info("network_changed");
      tell();
    }
    if (waits[0].revents == 0) continue;
    const auto messages = read_from(source_, buffer);
    // More came than fitted: what was lost was a change most likely.
    const bool overrun = messages.empty() && errno == ENOBUFS;
    if (messages.empty() && !overrun) return;
    pending = pending || overrun || reports_change(messages);
  }
}

}  // namespace holdfast
