#include "gateway/app/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "gateway/config/config.h"
#include "gateway/crypto/base64.h"
#include "gateway/crypto/random.h"
#include "gateway/crypto/seal.h"

namespace holdfast::app {
namespace {

namespace fs = std::filesystem;

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  std::string content = text.str();
  while (!content.empty() && content.back() == '\n') content.pop_back();
  return content;
}

// Readable by the owner alone from its first byte on. What is there already is not written again:
// a full disk must not keep the gateway from starting.
void write_private(const std::string& path, const std::string& text) {
  struct stat there = {};
  const bool is_private = ::stat(path.c_str(), &there) == 0 && (there.st_mode & 0777) == 0600;
  if (is_private && read_file(path) == text) return;
  const std::string fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto size = static_cast<ssize_t>(text.size());
  const bool written =
      file >= 0 && ::fchmod(file, 0600) == 0 && ::write(file, text.data(), text.size()) == size;
  if (file >= 0) ::close(file);
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0) {
    throw DataFolderError("cannot write " + path + ": " + std::strerror(errno));
  }
}

int take_lock(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) throw DataFolderError("cannot open " + path + ": " + std::strerror(errno));
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  ::close(file);
  return -1;
}

}  // namespace

DataFolder::DataFolder(std::string path) : path_(std::move(path)) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) throw DataFolderError("cannot make the data folder " + path_ + ": " + error.message());
  fs::permissions(path_, fs::perms::owner_all, error);
  lock_ = take_lock(path_ + "/lock");
  if (lock_ < 0) {
    throw DataFolderError("the data folder " + path_ +
                          " is in use by another holdfast; stop it, or choose another --data");
  }
}

DataFolder::~DataFolder() {
  std::error_code ignored;
  fs::remove(path_ + "/gateway.url", ignored);
  ::close(lock_);
}

std::string DataFolder::control_token(const std::string& configured) const {
  const std::string file = path_ + "/control_token";
  std::string token = configured.empty() ? read_file(file) : configured;
  if (token.empty()) token = crypto::base64url_encode(crypto::random_bytes(32));
  write_private(file, token);
  return token;
}

std::string DataFolder::seal_key() const {
  const std::string file = path_ + "/seal_key";
  auto key = crypto::base64url_decode(read_file(file));
  if (!key || key->size() != crypto::kSealKeySize) {
    key = crypto::random_bytes(crypto::kSealKeySize);
  }
  write_private(file, crypto::base64url_encode(*key));
  return *std::move(key);
}

void DataFolder::announce(const std::string& url) const {
  write_private(path_ + "/gateway.url", url);
}

std::optional<RunningGateway> find_running(const std::string& path) {
  const int lock = take_lock(path + "/lock");
  if (lock >= 0) {
    ::close(lock);
    return std::nullopt;
  }
  return RunningGateway{read_file(path + "/gateway.url"), read_file(path + "/control_token")};
}

std::string read_seal_key(const std::string& path) {
  return crypto::base64url_decode(read_file(path + "/seal_key")).value_or("");
}

std::string data_folder_of(const config::Config& config) {
  if (!config.data_dir.empty()) return config.data_dir;
  const std::string& upstream_url = config.upstream.url;
  std::string project = upstream_url.substr(
      upstream_url.find("//") == std::string::npos ? 0 : upstream_url.find("//") + 2);
  for (char& c : project) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (!plain) c = '_';
  }
  if (project.empty()) project = "local";
  const char* data_home = std::getenv("XDG_DATA_HOME");
  if (data_home != nullptr && *data_home == '/') {
    return std::string(data_home) + "/holdfast/" + project;
  }
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "." : home) + "/.local/share/holdfast/" + project;
}

}  // namespace holdfast::app
