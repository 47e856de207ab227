#pragma once

#include <optional>
#include <stdexcept>
#include <string>

namespace holdfast::config {
struct Config;
}

namespace holdfast::app {

// The data folder cannot be used; what() is a sentence for the person who started the program.
class DataFolderError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The folder of one project on this machine, mode 0700, held by one process at a time.
//
// Thread-safe once constructed.
class DataFolder {
 public:
  // Makes the folder when it is missing and takes its lock, until destruction. Throws
  // DataFolderError when another process has it.
  explicit DataFolder(std::string path);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  const std::string& path() const { return path_; }

  // The token of the control surface: `configured`, else the kept one, else a new one. It is kept
  // in the file control_token, mode 0600, for the command line.
  std::string control_token(const std::string& configured) const;
  // The key under which secrets are kept in this folder, made at the first call; in the file
  // seal_key, mode 0600.
  std::string seal_key() const;
  // Tells the command line where the gateway answers.
  void announce(const std::string& url) const;

 private:
  const std::string path_;
  int lock_ = -1;
};

// A folder in a data folder for a copy of a user's rows, mode 0700; it goes with this. One that a
// program has left which was ended meanwhile is removed by the next who comes a day later.
class CopyFolder {
 public:
  explicit CopyFolder(const std::string& data_folder);
  ~CopyFolder();
  CopyFolder(const CopyFolder&) = delete;
  CopyFolder& operator=(const CopyFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

// What a running gateway left for the command line; nullopt when none runs on the folder,
// or there is no such folder.
struct RunningGateway {
  std::string url;
  std::string control_token;
};
std::optional<RunningGateway> find_running(const std::string& path);

// The folder's seal_key(), without its lock; empty when there is none yet.
std::string read_seal_key(const std::string& path);

// The configured data folder; else $XDG_DATA_HOME/holdfast/<project> (or ~/.local/share/…), the
// project being named by its URL.
std::string data_folder_of(const config::Config& config);

}  // namespace holdfast::app
