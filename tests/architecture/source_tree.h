#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::architecture {

struct Include {
  std::string path;
  std::size_t line = 0;
  // <path> rather than "path".
  bool angled = false;
};

struct SourceFile {
  // From the repository's root, with forward slashes.
  std::string path;
  std::string text;

  bool is_header() const { return path.ends_with(".h"); }
  bool is_cpp() const { return is_header() || path.ends_with(".cpp"); }
  // Of the file itself; "" in the root.
  std::string folder() const;
};

// Every #include line of a C++ text, whatever #if it stands in.
std::vector<Include> includes_of(std::string_view text);

std::size_t line_count(std::string_view text);

// The files below `root`, by path, without build folders, installed packages and hidden folders
// other than .ci.
std::vector<SourceFile> read_tree(const std::filesystem::path& root);

}  // namespace holdfast::architecture
