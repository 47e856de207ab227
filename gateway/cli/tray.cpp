#include "gateway/cli/tray.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "gateway/app/data_folder.h"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "holdfast-tray";

std::string beside(const fs::path& self) {
  const fs::path program = self.parent_path() / kProgram;
  std::error_code error;
  return fs::exists(program, error) ? program.string() : kProgram;
}

}  // namespace

int tray(const CommonOptions& common) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  std::vector<std::string> words = {beside(self), "--data",
                                    fs::absolute(app::data_folder_of(*config)).string()};
  if (!error) words.insert(words.end(), {"--gateway", self.string()});
  if (!common.config_file.empty()) {
    words.insert(words.end(), {"--config", fs::absolute(common.config_file).string()});
  }
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  return fail(errno == ENOENT ? "holdfast-tray is not installed here (Debian: holdfast-tray.deb)"
                              : "cannot run holdfast-tray: " + std::string(std::strerror(errno)));
}

}  // namespace holdfast::cli
