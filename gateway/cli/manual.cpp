#include <iostream>

#include "gateway/cli/documents.h"
#include "gateway/cli/verbs.h"

namespace holdfast::cli {
namespace {

struct Fact {
  const char* name;
  const char* text;
};

constexpr Fact kFiles[] = {
    {"~/.config/holdfast/config.toml",
     "The configuration, where --config names no other; $XDG_CONFIG_HOME moves it."},
    {"~/.local/share/holdfast/PROJECT/",
     "The data folder, where neither --data nor the configuration names another; $XDG_DATA_HOME "
     "moves it. It holds everything that must not be lost: replicas, queue, journal, keys."},
};

constexpr Fact kEnvironment[] = {
    {"NO_COLOR", "Set to anything: no colours, as where the output is no terminal."},
    {"XDG_CONFIG_HOME, XDG_DATA_HOME", "See FILES."},
};

constexpr const char* kDescription =
    "Holdfast runs on the user's machine and speaks the HTTP API of Supabase: an app changes the "
    "address of its project and nothing else. Reads are answered from a replica, writes are kept "
    "in a durable queue and forwarded, and both go on while the network does not.\n"
    "A verb that looks at the queue asks the gateway that runs on the data folder; where none "
    "runs, it opens the folder itself.";

// Text of one line, safe at a line's start too.
std::string roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else if (c == '\n') {
      escaped += "\n.PP\n";
    } else {
      escaped += c;
    }
  }
  const bool is_request = !escaped.empty() && (escaped.front() == '.' || escaped.front() == '\'');
  return is_request ? "\\&" + escaped : escaped;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string slanted(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

std::string usage_of(const Argument& argument) {
  std::string text = argument.is_option() ? bold(argument.name) : slanted(argument.name);
  if (!argument.value.empty()) text += " " + slanted(argument.value);
  return argument.required ? text : "[" + text + "]";
}

std::string item(const std::string& head, const std::string& text) {
  return ".TP\n" + head + "\n" + text + "\n";
}

std::string described(const Argument& argument) {
  std::string head = argument.is_option() ? bold(argument.name) : slanted(argument.name);
  if (!argument.value.empty()) head += " " + slanted(argument.value);
  std::string text = roff(argument.help) + ".";
  if (!argument.choices.empty()) {
    text += " One of ";
    for (const auto& choice : argument.choices) {
      text += bold(choice) + (&choice == &argument.choices.back() ? "." : ", ");
    }
  }
  return item(head, text);
}

std::string described(const Verb& verb) {
  std::string head = bold("holdfast " + verb.name);
  for (const Argument& argument : verb.arguments) head += " " + usage_of(argument);
  std::string text = item(head, roff(verb.help) + ".");
  if (verb.arguments.empty()) return text;
  text += ".RS\n";
  for (const Argument& argument : verb.arguments) text += described(argument);
  return text + ".RE\n";
}

std::string commands() {
  std::string text = ".SH COMMANDS\n";
  for (const Verb& verb : verbs()) {
    if (verb.group().empty()) text += described(verb);
  }
  for (const VerbGroup& group : verb_groups()) {
    text += ".SS holdfast " + roff(group.name) + "\n" + roff(group.help) + ".\n";
    for (const Verb& verb : verbs()) {
      if (verb.group() == group.name) text += described(verb);
    }
  }
  return text;
}

template <std::size_t kCount>
std::string section(const char* heading, const Fact (&facts)[kCount]) {
  std::string text = std::string(".SH ") + heading + "\n";
  for (const auto& [name, meaning] : facts) text += item(bold(name), roff(meaning));
  return text;
}

}  // namespace

std::string manual() {
  std::string text = ".TH HOLDFAST 1 \"\" \"holdfast " HF_VERSION
                     "\" \"User Commands\"\n.SH NAME\nholdfast \\- " +
                     roff(program_help()) +
                     "\n.SH SYNOPSIS\n.B holdfast\n\\fIcommand\\fR [\\fIoptions\\fR]\n"
                     ".SH DESCRIPTION\n" +
                     roff(kDescription) + "\n" + commands() + ".SH OPTIONS\nOf every command:\n";
  for (const Argument& argument : common_arguments()) text += described(argument);
  text += item(bold("--help"), "Print what the command takes.");
  text += item(bold("--version"), "Print the version.") + ".SH EXIT STATUS\n";
  for (const auto& [status, meaning] : exit_statuses()) {
    text += item(bold(std::to_string(status)), roff(meaning) + ".");
  }
  return text + section("FILES", kFiles) + section("ENVIRONMENT", kEnvironment);
}

int print_manual() {
  std::cout << manual();
  return 0;
}

}  // namespace holdfast::cli
