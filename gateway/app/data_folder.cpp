#include "gateway/app/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>

#include "gateway/base/files.h"
#include "gateway/base/ids.h"
#include "gateway/config/config.h"
#include "gateway/crypto/base64.h"
#include "gateway/crypto/random.h"
#include "gateway/crypto/seal.h"

namespace holdfast::app {
namespace {

namespace fs = std::filesystem;

std::string read_line(const std::string& path) {
  std::string content = read_file(path);
  while (!content.empty() && content.back() == '\n') content.pop_back();
  return content;
}

// Readable by the owner alone from its first byte on. What is there already is not written again:
// a full disk must not keep the gateway from starting.
void write_private(const std::string& path, const std::string& text) {
  struct stat there = {};
  const bool is_private = ::stat(path.c_str(), &there) == 0 && (there.st_mode & 0777) == 0600;
  if (is_private && read_line(path) == text) return;
  try {
    write_file(path, text, 0600);
  } catch (const std::system_error& error) {
    throw DataFolderError(error.what());
  }
}

constexpr std::string_view kCopy = "export-";
constexpr std::chrono::hours kLeft{24};

bool is_left_copy(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  if (!name.starts_with(kCopy) || !is_uuid(name.substr(kCopy.size()))) return false;
  std::error_code error;
  if (!fs::is_directory(entry.symlink_status(error))) return false;
  const auto time = entry.last_write_time(error);
  return !error && time < fs::file_time_type::clock::now() - kLeft;
}

void remove_left_copies(const std::string& path) {
  std::error_code ignored;
  for (fs::directory_iterator entry(path, ignored), end; entry != end; entry.increment(ignored)) {
    if (is_left_copy(*entry)) fs::remove_all(entry->path(), ignored);
  }
}

constexpr int kLooks = 5;
constexpr std::chrono::milliseconds kLookPause{20};

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
  if (error) throw DataFolderError("cannot keep " + path_ + " to its owner: " + error.message());
  // Who only looks whether a gateway runs holds it for a moment.
  for (int look = 0; lock_ < 0 && look < kLooks; ++look) {
    if (look > 0) std::this_thread::sleep_for(kLookPause);
    lock_ = take_lock(path_ + "/lock");
  }
  if (lock_ < 0) {
    throw DataFolderError("the data folder " + path_ +
                          " is in use by another holdfast; stop it, or choose another --data");
  }
  remove_left_copies(path_);
}

DataFolder::~DataFolder() {
  std::error_code ignored;
  fs::remove(path_ + "/gateway.url", ignored);
  ::close(lock_);
}

std::string DataFolder::control_token(const std::string& configured) const {
  const std::string file = path_ + "/control_token";
  std::string token = configured.empty() ? read_line(file) : configured;
  if (token.empty()) token = crypto::base64url_encode(crypto::random_bytes(32));
  write_private(file, token);
  return token;
}

std::string DataFolder::seal_key() const {
  const std::string file = path_ + "/seal_key";
  auto key = crypto::base64url_decode(read_line(file));
  if (key && key->size() == crypto::kSealKeySize) return *std::move(key);
  // Sessions are sealed and the journal is chained with it: another one would open neither.
  if (fs::exists(file)) {
    throw DataFolderError("the key " + file + " cannot be read; restore it, or move it away and" +
                          " have every user sign in again");
  }
  key = crypto::random_bytes(crypto::kSealKeySize);
  write_private(file, crypto::base64url_encode(*key));
  return *std::move(key);
}

void DataFolder::announce(const std::string& url) const {
  write_private(path_ + "/gateway.url", url);
}

CopyFolder::CopyFolder(const std::string& data_folder)
    : path_(data_folder + "/" + std::string(kCopy) + new_uuid()) {
  remove_left_copies(data_folder);
  fs::create_directory(path_);
  fs::permissions(path_, fs::perms::owner_all);
}

CopyFolder::~CopyFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::optional<RunningGateway> find_running(const std::string& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const int lock = take_lock(path + "/lock");
  if (lock >= 0) {
    ::close(lock);
    return std::nullopt;
  }
  return RunningGateway{read_line(path + "/gateway.url"), read_line(path + "/control_token")};
}

std::string read_seal_key(const std::string& path) {
  return crypto::base64url_decode(read_line(path + "/seal_key")).value_or("");
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
