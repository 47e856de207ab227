#include "gateway/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

namespace holdfast {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& text, mode_t mode) {
  // Another process may be writing the same file.
  const std::string fresh = path + "." + std::to_string(::getpid()) + ".new";
  // What an earlier attempt left might be readable by others.
  ::unlink(fresh.c_str());
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  const auto size = static_cast<ssize_t>(text.size());
  const bool written = file >= 0 && ::fchmod(file, mode) == 0 &&
                       ::write(file, text.data(), text.size()) == size && ::fsync(file) == 0;
  const int reason = errno;
  if (file >= 0) ::close(file);
  if (written && ::rename(fresh.c_str(), path.c_str()) == 0) return;
  const int last = written ? errno : reason;
  ::unlink(fresh.c_str());
  throw std::system_error(last, std::generic_category(), "cannot write " + path);
}

}  // namespace holdfast
