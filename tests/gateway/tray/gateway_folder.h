#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace holdfast::tray {

// A data folder as a gateway leaves it at each moment of its life.
// One thread at a time.
class GatewayFolder {
 public:
  ~GatewayFolder() { die(); }

  std::string path() const { return folder_.path().string(); }
  void take_lock() {
    lock_ = ::open((path() + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ::flock(lock_, LOCK_EX | LOCK_NB);
  }
  void announce(const std::string& url = "http://127.0.0.1:5") const {
    std::ofstream(path() + "/gateway.url") << url;
    std::ofstream(path() + "/control_token") << "fake-token";
  }
  void run() {
    take_lock();
    announce();
  }
  // As by SIGKILL: the files stay.
  void die() {
    if (lock_ >= 0) ::close(lock_);
    lock_ = -1;
  }

 private:
  support::TempDir folder_;
  int lock_ = -1;
};

}  // namespace holdfast::tray
