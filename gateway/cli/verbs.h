#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/cli/common.h"

namespace holdfast::cli {

// What stands for a value, for checks and for completion.
enum class Takes { kNothing, kText, kNumber, kPort, kFile, kFolder };

// An option ("--state"), or a word in a place of its own ("id").
struct Argument {
  std::string name;
  Takes takes = Takes::kNothing;
  std::string value;  // how help calls an option's value: "STATE"
  std::string help;
  bool required = false;
  std::vector<std::string> choices = {};  // the only values there are

  bool is_option() const { return name.starts_with("--"); }
};

// What a command line gave for a verb's arguments.
class Given {
 public:
  void set(const std::string& name, std::string value) { values_[name] = std::move(value); }

  bool has(const std::string& name) const { return values_.contains(name); }
  // Empty when it was not given.
  std::string text(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? "" : found->second;
  }
  // `otherwise` when it was not given.
  int number(const std::string& name, int otherwise) const {
    return has(name) ? std::stoi(text(name)) : otherwise;
  }

 private:
  std::map<std::string, std::string> values_;
};

struct Verb {
  std::string name;  // "outbox list"
  std::string help;
  std::vector<Argument> arguments;
  std::function<int(const CommonOptions&, const Given&)> run;

  // "outbox" of "outbox list", "" of "status".
  std::string group() const;
  // "list" of "outbox list".
  std::string word() const;
};

// A word before further words.
struct VerbGroup {
  std::string name;
  std::string help;
};

struct ExitStatus {
  int status;
  std::string meaning;
};

// The one list of what the program can do. Parsing, help, completion and the manual page all come
// from it.
const std::vector<Verb>& verbs();
const std::vector<VerbGroup>& verb_groups();
// What every verb takes.
const std::vector<Argument>& common_arguments();
const std::vector<ExitStatus>& exit_statuses();
// What the program is, in one line.
const std::string& program_help();

}  // namespace holdfast::cli
