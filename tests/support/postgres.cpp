#include "tests/support/postgres.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <thread>

namespace holdfast::test {
namespace {

using std::filesystem::path;

[[noreturn]] void fail(const std::string& words) {
  throw std::runtime_error("PostgreSQL for tests: " + words);
}

path find_programs() {
  if (const char* folder = std::getenv("HF_POSTGRES_BIN")) return folder;
  std::optional<std::pair<int, path>> newest;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    const int version = std::atoi(entry.path().filename().c_str());
    const path programs = entry.path() / "bin";
    if (exists(programs / "initdb") && (!newest || version > newest->first)) {
      newest = {version, programs};
    }
  }
  if (!newest) fail("no server programs found; install the package postgresql-15");
  return newest->second;
}

int free_port() {
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound =
      bind(socket_fd, generic, size) == 0 && getsockname(socket_fd, generic, &size) == 0;
  close(socket_fd);
  if (!bound) fail("no free port");
  return ntohs(address.sin_port);
}

// The account that the server runs as; nullptr = ours. PostgreSQL refuses to run as root.
const passwd* server_account() {
  if (geteuid() != 0) return nullptr;
  const passwd* account = getpwnam("postgres");
  if (account == nullptr) fail("we are root and there is no user postgres to run as");
  return account;
}

// In the child: never returns. Output and errors go to `log`.
[[noreturn]] void become(const std::vector<std::string>& command, const path& log,
                         const passwd* account) {
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) _exit(126);
  if (account != nullptr && (setgroups(0, nullptr) != 0 || setgid(account->pw_gid) != 0 ||
                             setuid(account->pw_uid) != 0)) {
    _exit(126);
  }
  // After setuid, which clears it. SIGINT is the server's fast shutdown.
  prctl(PR_SET_PDEATHSIG, SIGINT);
  if (chdir("/") != 0) _exit(126);
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

pid_t launch(const std::vector<std::string>& command, const path& log) {
  const passwd* account = server_account();
  const pid_t child = fork();
  if (child < 0) fail("fork failed");
  if (child == 0) become(command, log, account);
  return child;
}

bool succeeds(const std::vector<std::string>& command, const path& log) {
  const pid_t child = launch(command, log);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string read_file(const path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void write_file(const path& file, const std::string& text,
                std::ios::openmode mode = std::ios::out) {
  std::ofstream(file, mode | std::ios::binary) << text;
}

path make_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-pg-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) fail("cannot make " + pattern);
  const passwd* account = server_account();
  if (account != nullptr && chown(pattern.c_str(), account->pw_uid, account->pw_gid) != 0) {
    fail("cannot hand over " + pattern);
  }
  return pattern;
}

}  // namespace

PostgresCluster::PostgresCluster(const std::vector<std::string>& settings)
    : programs_(find_programs()), folder_(make_folder()), port_(free_port()) {
  try {
    initialize(settings);
    start();
  } catch (...) {
    std::filesystem::remove_all(folder_);
    throw;
  }
}

PostgresCluster::~PostgresCluster() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void PostgresCluster::initialize(const std::vector<std::string>& settings) {
  const path data = folder_ / "data";
  const path log = folder_ / "initdb.log";
  if (!succeeds({programs_ / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                 "--locale=C.UTF-8", "--no-sync"},
                log)) {
    fail("initdb failed: " + read_file(log));
  }
  std::string lines = "listen_addresses='127.0.0.1'\nport=" + std::to_string(port_) +
                      "\nunix_socket_directories=''\nfsync=off\ntimezone='UTC'\n"
                      "log_timezone='UTC'\nautovacuum=off\n";
  for (const auto& setting : settings) lines += setting + "\n";
  write_file(data / "postgresql.conf", lines, std::ios::app);
}

void PostgresCluster::start() {
  const path log = folder_ / "server.log";
  server_ = launch({programs_ / "postgres", "-D", folder_ / "data"}, log);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!ready()) {
    int status = 0;
    if (waitpid(server_, &status, WNOHANG) == server_) {
      server_ = -1;
      fail("the server ended: " + read_file(log));
    }
    if (std::chrono::steady_clock::now() > deadline) {
      stop();
      fail("the server did not start within 30 s: " + read_file(log));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void PostgresCluster::stop() {
  if (server_ < 0) return;
  kill(server_, SIGINT);
  while (waitpid(server_, nullptr, 0) < 0 && errno == EINTR) {
  }
  server_ = -1;
}

bool PostgresCluster::ready() const {
  return succeeds({programs_ / "pg_isready", "-q", "-h", "127.0.0.1", "-p", std::to_string(port_)},
                  folder_ / "ready.log");
}

std::string PostgresCluster::url(const std::string& database) const {
  return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string PostgresCluster::run(const std::string& sql, const std::string& database) const {
  const path script = folder_ / "script.sql";
  const path output = folder_ / "output.txt";
  const path errors = folder_ / "errors.txt";
  write_file(script, sql);
  std::filesystem::permissions(script, std::filesystem::perms{0644});  // whatever the umask is
  std::filesystem::remove(output);
  std::filesystem::remove(errors);
  if (!succeeds({programs_ / "psql", url(database), "-XqAt", "-v", "ON_ERROR_STOP=1", "-v",
                 "VERBOSITY=verbose", "-o", output, "-f", script},
                errors)) {
    fail("psql: " + read_file(errors));
  }
  return read_file(output);
}

void PostgresCluster::create_database(const std::string& name) const {
  run("CREATE DATABASE \"" + name + "\"");
}

}  // namespace holdfast::test
