#include "gateway/cli/cli.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "gateway/cli/verbs.h"
#include "gateway/config/suggestion.h"

namespace holdfast::cli {
namespace {

// What is wrong with the text as a whole number that is not negative; empty where nothing is.
std::string is_count(const std::string& text) {
  constexpr std::size_t kMostDigits = 9;
  const bool digits = !text.empty() && text.size() <= kMostDigits &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  return digits ? "" : "\"" + text + "\" is no whole number";
}

// One verb on a command line, as CLI11 parses it.
class Command {
 public:
  Command(CLI::App& parent, const Verb& verb)
      : verb_(verb), app_(*parent.add_subcommand(verb.word(), verb.help)) {
    for (const Argument& argument : verb.arguments) add(argument);
    for (const Argument& argument : common_arguments()) add(argument);
  }

  bool named() const { return app_.parsed(); }

  int run() const {
    Given given;
    for (const CLI::Option* option : app_.get_options()) {
      if (option->count() == 0) continue;
      given.set(option->get_name(), option->results().empty() ? "" : option->results().back());
    }
    const CommonOptions common{given.text("--config"), given.text("--data"), given.has("--json")};
    return verb_.run(common, given);
  }

 private:
  void add(const Argument& argument) {
    if (argument.takes == Takes::kNothing) {
      app_.add_flag(argument.name, argument.help);
      return;
    }
    CLI::Option* option = app_.add_option(argument.name, argument.help);
    option->required(argument.required);
    if (!argument.value.empty()) option->type_name(argument.value);
    if (argument.takes == Takes::kPort) option->check(is_count)->check(CLI::Range(0, 65535));
    if (argument.takes == Takes::kNumber) option->check(is_count);
    if (!argument.choices.empty()) option->check(CLI::IsMember(argument.choices));
  }

  const Verb& verb_;
  CLI::App& app_;
};

std::string exit_statuses_as_text() {
  std::string text = "Exit status:";
  for (const auto& [status, meaning] : exit_statuses()) {
    text += "\n  " + std::to_string(status) + "  " + meaning;
  }
  return text;
}

// By the words before further words; "" is the program.
using Groups = std::map<std::string, CLI::App*>;

// Added where its first verb is, for the order of help.
CLI::App& group_named(Groups& groups, const std::string& name) {
  if (const auto known = groups.find(name); known != groups.end()) return *known->second;
  const auto found = std::find_if(verb_groups().begin(), verb_groups().end(),
                                  [&](const VerbGroup& group) { return group.name == name; });
  CLI::App* group = groups.at("")->add_subcommand(name, found->help);
  group->require_subcommand(1);
  groups[name] = group;
  return *group;
}

std::vector<std::string> words_after(const std::string& group) {
  std::vector<std::string> words;
  for (const Verb& verb : verbs()) {
    if (verb.group() == group) words.push_back(verb.word());
  }
  if (!group.empty()) return words;
  for (const VerbGroup& each : verb_groups()) words.push_back(each.name);
  return words;
}

bool is_group(const std::string& word) {
  return std::any_of(verb_groups().begin(), verb_groups().end(),
                     [&](const VerbGroup& group) { return group.name == word; });
}

// What to say of a word in the place of a verb that is none; empty where all is known.
std::string complaint(int argc, char** argv) {
  std::string group;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto known = words_after(group);
    if (word.starts_with('-')) return "";
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      std::string nearest = config::nearest_key(word, known);
      // Any short word is near some other.
      if (config::edit_distance(word, nearest) > 1 + word.size() / 4) nearest.clear();
      const std::string before = group.empty() ? "" : group + " ";
      std::string words = "there is no command \"";
      words.append(before).append(word).append("\"; ");
      if (nearest.empty())
        return words.append("holdfast ").append(before).append("--help lists all");
      return words.append("did you mean ").append(before).append(nearest).append("?");
    }
    if (!group.empty() || !is_group(word)) return "";
    group = word;
  }
  return "";
}

int parse_and_run(CLI::App& program, const std::vector<Command>& commands, int argc, char** argv) {
  try {
    program.parse(argc, argv);
    for (const Command& command : commands) {
      if (!command.named()) continue;
      const int status = command.run();
      // What is cut off must not count as done.
      if (status == 0 && !std::cout.flush()) return fail("the output cannot be written");
      return status;
    }
  } catch (const CLI::ParseError& error) {
    // Asked for: --help, --version.
    if (error.get_exit_code() == 0) return program.exit(error);
    fail(error.what() + std::string("; --help says what there is"));
    return 2;
  } catch (const std::exception& fault) {
    return fail(fault.what());
  }
  return 2;
}

// "help VERB" as "VERB --help".
std::vector<char*> as_meant(int argc, char** argv) {
  static char ask[] = "--help";
  std::vector<char*> words(argv, argv + argc);
  if (argc < 2 || std::string_view(argv[1]) != "help") return words;
  words.erase(words.begin() + 1);
  words.push_back(ask);
  return words;
}

int run_words(int argc, char** argv) {
  if (const auto unknown = complaint(argc, argv); !unknown.empty()) {
    fail(unknown);
    return 2;
  }
  CLI::App program("Holdfast, " + program_help(), "holdfast");
  program.set_version_flag("--version", "holdfast " HF_VERSION);
  program.require_subcommand(1);
  program.footer(exit_statuses_as_text());
  Groups groups = {{"", &program}};
  std::vector<Command> commands;
  for (const Verb& verb : verbs()) commands.emplace_back(group_named(groups, verb.group()), verb);
  // Who says nothing is told what there is to say.
  if (argc == 1) {
    std::cerr << program.help();
    return 2;
  }
  if (argc == 2 && is_group(argv[1])) {
    std::cerr << group_named(groups, argv[1]).help("holdfast");
    return 2;
  }
  return parse_and_run(program, commands, argc, argv);
}

}  // namespace

int run(int argc, char** argv) {
  std::vector<char*> words = as_meant(argc, argv);
  return run_words(static_cast<int>(words.size()), words.data());
}

}  // namespace holdfast::cli
