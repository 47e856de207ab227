#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "gateway/app/data_folder.h"
#include "gateway/cli/findings.h"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;
using Level = Finding::Level;

constexpr std::uintmax_t kMebibyte = 1024 * 1024;
// Below it writes are soon refused; below the second it is time to look.
constexpr std::uintmax_t kTooLittle = 100 * kMebibyte;
constexpr std::uintmax_t kLittle = 1024 * kMebibyte;
constexpr decltype(fs::space_info::free) kUnknown = static_cast<std::uintmax_t>(-1);

// The folder itself, or what is there of the way to it.
fs::path nearest(fs::path path) {
  path = fs::absolute(path).lexically_normal();
  std::error_code ignored;
  while (!fs::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
  return path;
}

// File systems over a network, on which SQLite's locks and syncs cannot be trusted.
bool is_remote(const fs::path& path) {
  struct statfs found = {};
  if (::statfs(path.c_str(), &found) != 0) return false;
  const auto type = static_cast<std::uint32_t>(found.f_type);
  return type == 0x6969 || type == 0x517B || type == 0xFF534D42 || type == 0xFE534D42;
}

Finding check_folder(const std::string& folder) {
  const fs::path there = nearest(folder);
  if (::access(there.c_str(), W_OK | X_OK) != 0) {
    return {Level::kBroken, "data folder", there.string() + " cannot be written",
            "sudo chown -R \"$USER\" '" + there.string() + "', or choose another by --data"};
  }
  if (is_remote(there)) {
    return {Level::kBroken, "data folder", folder + " lies on a network drive",
            "choose a folder of this machine by --data: a queue must be safe when it is written"};
  }
  struct stat found = {};
  const bool exists = ::stat(folder.c_str(), &found) == 0;
  if (exists && found.st_uid != ::geteuid() && ::geteuid() != 0) {
    return {Level::kBroken, "data folder", folder + " belongs to another user",
            "sudo chown -R \"$USER\" '" + folder + "'"};
  }
  if (exists && (found.st_mode & 077) != 0) {
    return {Level::kAdvice, "data folder", folder + " can be read by others",
            "chmod 700 '" + folder + "'"};
  }
  return {Level::kFine, "data folder", folder + (exists ? "" : ", which is not there yet"), ""};
}

Finding check_disk(const std::string& folder) {
  std::error_code error;
  const auto free = fs::space(nearest(folder), error).available;
  if (error || free == kUnknown) return {Level::kFine, "disk", "its size is not known", ""};
  const std::string text = std::to_string(free / kMebibyte) + " MiB are free";
  const std::string remedy = "make room: on a full disk writes are answered 507";
  if (free < kTooLittle) return {Level::kBroken, "disk", "only " + text, remedy};
  if (free < kLittle) return {Level::kAdvice, "disk", text, remedy};
  return {Level::kFine, "disk", text, ""};
}

// Why nobody could listen there; empty where somebody could.
std::string why_not(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0) {
    return "it is no address of this machine";
  }
  const int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Listening too: a bound socket alone does not take the port.
  const bool free =
      ::bind(socket, found->ai_addr, found->ai_addrlen) == 0 && ::listen(socket, 1) == 0;
  const int reason = errno;
  ::close(socket);
  ::freeaddrinfo(found);
  if (free) return "";
  return reason == EADDRINUSE ? "another program has it" : std::strerror(reason);
}

Finding check_port(const char* key, const std::string& host, std::uint16_t port) {
  const std::string name = host + ":" + std::to_string(port);
  const std::string why = why_not(host, port);
  if (why.empty()) return {Level::kFine, "port", name + " is free", ""};
  return {
      Level::kBroken, "port", name + ": " + why,
      "find it by ss -ltnp 'sport = :" + std::to_string(port) + "', or choose another in " + key};
}

}  // namespace

Findings check_machine(const config::Config& config) {
  const std::string folder = app::data_folder_of(config);
  Findings found = {check_folder(folder), check_disk(folder)};
  const bool exists = fs::exists(folder + "/lock");
  if (const auto running = exists ? app::find_running(folder) : std::nullopt) {
    found.push_back({Level::kFine, "gateway", "runs at " + running->url, ""});
    return found;
  }
  found.push_back({Level::kFine, "gateway", "none runs on the data folder", ""});
  const auto& listener = config.listener;
  found.push_back(check_port("[server] listen", listener.host, listener.port));
  if (!listener.tls_host.empty()) {
    found.push_back(check_port("[tls] listen", listener.tls_host, listener.tls_port));
  }
  return found;
}

}  // namespace holdfast::cli
