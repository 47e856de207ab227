#include "gateway/cli/cli.h"

#include <CLI/CLI.hpp>

#include "gateway/cli/verbs.h"
#include "gateway/config/suggestion.h"

namespace holdfast::cli {
namespace {

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
    if (argument.takes == Takes::kPort) option->check(CLI::Range(0, 65535));
    if (argument.takes == Takes::kNumber) option->check(CLI::NonNegativeNumber);
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

// Words before further words, by their names.
std::map<std::string, CLI::App*> add_groups(CLI::App& program) {
  std::map<std::string, CLI::App*> groups = {{"", &program}};
  for (const auto& [name, help] : verb_groups()) {
    groups[name] = program.add_subcommand(name, help);
    groups[name]->require_subcommand(1);
  }
  return groups;
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
      return "there is no command \"" + (group.empty() ? word : group + " " + word) + "\"" +
             (nearest.empty() ? "; holdfast --help lists all" : "; did you mean " + nearest + "?");
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
      if (command.named()) return command.run();
    }
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& fault) {
    return fail(fault.what());
  }
  return 2;
}

}  // namespace

int run(int argc, char** argv) {
  if (const auto unknown = complaint(argc, argv); !unknown.empty()) {
    fail(unknown);
    return 2;
  }
  CLI::App program("Holdfast, " + program_help(), "holdfast");
  program.set_version_flag("--version", "holdfast " HF_VERSION);
  program.require_subcommand(1);
  program.footer(exit_statuses_as_text());
  const auto groups = add_groups(program);
  std::vector<Command> commands;
  for (const Verb& verb : verbs()) commands.emplace_back(*groups.at(verb.group()), verb);
  return parse_and_run(program, commands, argc, argv);
}

}  // namespace holdfast::cli
