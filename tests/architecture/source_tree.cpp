#include "tests/architecture/source_tree.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace holdfast::architecture {
namespace {

bool is_foreign_folder(const std::string& name) {
  const bool hidden = name.starts_with('.') && name != ".ci";
  return hidden || name == "node_modules" || name == "build" || name.starts_with("build-");
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? "" : text.substr(first);
}

// The text after `word` when `text` starts with it, else nothing.
std::string_view after(std::string_view text, std::string_view word) {
  return text.starts_with(word) ? trimmed(text.substr(word.size())) : "";
}

}  // namespace

std::string SourceFile::folder() const {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::vector<Include> includes_of(std::string_view text) {
  std::vector<Include> includes;
  std::istringstream lines{std::string(text)};
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::string_view target = after(after(trimmed(line), "#"), "include");
    if (target.size() < 2) continue;
    const bool angled = target.front() == '<';
    const std::size_t end = target.find(angled ? '>' : '"', 1);
    if (end == std::string_view::npos) continue;
    includes.push_back({std::string(target.substr(1, end - 1)), number, angled});
  }
  return includes;
}

std::size_t line_count(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::vector<SourceFile> read_tree(const std::filesystem::path& root) {
  std::vector<SourceFile> files;
  using Iterator = std::filesystem::recursive_directory_iterator;
  for (auto entry = Iterator(root); entry != Iterator(); ++entry) {
    if (entry->is_directory()) {
      if (is_foreign_folder(entry->path().filename().string())) entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && !entry->is_symlink()) {
      const std::string path = entry->path().lexically_relative(root).generic_string();
      files.push_back({path, read(entry->path())});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace holdfast::architecture
