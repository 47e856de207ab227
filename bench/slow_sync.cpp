// Preloaded into a process (LD_PRELOAD), a disk whose flushes take SLOW_SYNC_US microseconds more:
// how many of them an answer waits for shows there, where this machine's own disk hides it.

#include <dlfcn.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace {

int flush_slowly(const char* name, int file) {
  static const char* const more = std::getenv("SLOW_SYNC_US");
  std::this_thread::sleep_for(std::chrono::microseconds(more == nullptr ? 0 : std::atol(more)));
  const auto real = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, name));
  return real(file);
}

}  // namespace

extern "C" int fsync(int file) { return flush_slowly("fsync", file); }
extern "C" int fdatasync(int file) { return flush_slowly("fdatasync", file); }
