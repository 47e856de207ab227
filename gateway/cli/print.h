#pragma once

#include <functional>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/cli/common.h"

namespace holdfast::cli {

enum class Colour { kPlain, kBold, kGreen, kYellow, kRed, kFaint };

// `text` in that colour on a terminal; as it is where stdout is none, or NO_COLOR is set.
std::string painted(const std::string& text, Colour colour);
// The colour of a state's name, of the gateway or of an entry.
Colour colour_of_state(const std::string& state);

// Columns as wide as their longest cell, under a heading that a terminal shows in bold, states in
// their colours; the last column may be of any length, and is left out where it says nothing.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> headings);

  void add(std::vector<std::string> cells);
  // On stdout; `empty` where there is no row.
  void print(const std::string& empty) const;

 private:
  bool says_something_last() const;

  std::vector<std::vector<std::string>> rows_;
};

// A thing's properties, one in a line: names as wide as the longest, then values, of which further
// lines stand below the first.
class Fields {
 public:
  void add(std::string name, std::string value);
  // On stdout.
  void print() const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// A value as a person reads it: text without quotes, "-" for null.
std::string text_of(const nlohmann::json& value);

// Prints what the gateway said: as it is with --json, else by `print`. The exit status.
int print_answer(const CommonOptions& common, const Result<std::string>& body,
                 const std::function<void(const nlohmann::json&)>& print);

}  // namespace holdfast::cli
