#include "gateway/cli/cli.h"

#include <CLI/CLI.hpp>

#include "gateway/cli/verbs.h"

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
