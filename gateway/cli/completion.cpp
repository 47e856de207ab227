#include <iostream>

#include "gateway/cli/documents.h"
#include "gateway/cli/verbs.h"

namespace holdfast::cli {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::vector<Argument> arguments_of(const Verb& verb) {
  auto all = verb.arguments;
  all.insert(all.end(), common_arguments().begin(), common_arguments().end());
  return all;
}

// What may follow `group` ("" = the program), with its help.
std::vector<std::pair<std::string, std::string>> described_words_after(const std::string& group) {
  std::vector<std::pair<std::string, std::string>> words;
  for (const Verb& verb : verbs()) {
    if (verb.group() == group) words.emplace_back(verb.word(), verb.help);
  }
  if (!group.empty()) return words;
  for (const VerbGroup& each : verb_groups()) words.emplace_back(each.name, each.help);
  return words;
}

std::string names_after(const std::string& group) {
  std::string names;
  for (const auto& [name, help] : described_words_after(group)) {
    names.append(names.empty() ? "" : " ").append(name);
  }
  return names;
}

// In POSIX shells; `text` in single quotes.
std::string shell_quoted(const std::string& text) {
  return "'" + replaced(text, "'", R"('\'')") + "'";
}

// --- bash ---

std::string bash_values(const Argument& argument) {
  if (!argument.choices.empty()) {
    return "_holdfast_words " + shell_quoted(joined(argument.choices, " "));
  }
  if (argument.takes == Takes::kFile) return "_holdfast_files -f";
  if (argument.takes == Takes::kFolder) return "_holdfast_files -d";
  return ":";
}

// Which words name verbs, and which take the next word as their value.
std::string bash_grammar() {
  std::vector<std::string> names;
  std::map<std::string, bool> valued;
  for (const VerbGroup& group : verb_groups()) names.push_back(shell_quoted(group.name));
  for (const Verb& verb : verbs()) {
    names.push_back(shell_quoted(verb.name));
    for (const Argument& argument : arguments_of(verb)) {
      if (argument.is_option() && argument.takes != Takes::kNothing) valued[argument.name] = true;
    }
  }
  std::vector<std::string> options;
  options.reserve(valued.size());
  for (const auto& [name, unused] : valued) options.push_back(name);
  return "      " + joined(options, " | ") +
         ") skip=1 ;;\n      -*) ;;\n      *)\n"
         "        case \"$verb${verb:+ }$word\" in\n          " +
         joined(names, " | ") +
         ")\n            verb=\"$verb${verb:+ }$word\" ;;\n        esac ;;\n";
}

std::string bash_option_values() {
  std::string cases;
  for (const Verb& verb : verbs()) {
    for (const Argument& argument : arguments_of(verb)) {
      if (!argument.is_option() || argument.takes == Takes::kNothing) continue;
      cases += "    " + shell_quoted(verb.name + " " + argument.name) + ") " +
               bash_values(argument) + "; return ;;\n";
    }
  }
  return cases;
}

std::string bash_verbs() {
  std::string cases =
      "    '') _holdfast_words " + shell_quoted(names_after("") + " --help --version") + " ;;\n";
  for (const VerbGroup& group : verb_groups()) {
    cases += "    " + group.name + ") _holdfast_words " +
             shell_quoted(names_after(group.name) + " --help") + " ;;\n";
  }
  for (const Verb& verb : verbs()) {
    std::vector<std::string> words;
    std::string more;
    for (const Argument& argument : arguments_of(verb)) {
      if (argument.is_option()) {
        words.push_back(argument.name);
      } else if (!argument.choices.empty()) {
        words.push_back(joined(argument.choices, " "));
      } else if (argument.takes == Takes::kFile) {
        more = "[[ $current == -* ]] && ";
      }
    }
    cases += "    " + shell_quoted(verb.name) + ") " + more + "_holdfast_words " +
             shell_quoted(joined(words, " ") + " --help") +
             (more.empty() ? "" : " || _holdfast_files -f") + " ;;\n";
  }
  return cases;
}

std::string bash_completion() {
  return R"(# bash completion for holdfast; made by `holdfast completion bash`

_holdfast_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}"); }

_holdfast_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_holdfast() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local verb='' skip='' word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ -n $skip ]]; then
      skip=''
      continue
    fi
    case $word in
)" + bash_grammar() +
         R"(    esac
  done
  case "$verb $previous" in
)" + bash_option_values() +
         R"(  esac
  case $verb in
)" + bash_verbs() +
         R"(  esac
}

complete -F _holdfast holdfast
)";
}

// --- zsh ---

// Help within the brackets of a specification.
std::string zsh_help(std::string text) {
  for (const char* special : {"\\", "[", "]", ":"}) {
    text = replaced(std::move(text), special, std::string("\\") + special);
  }
  return text;
}

std::string zsh_values(const Argument& argument) {
  if (!argument.choices.empty()) return "(" + joined(argument.choices, " ") + ")";
  if (argument.takes == Takes::kFile) return "_files";
  if (argument.takes == Takes::kFolder) return "_files -/";
  return " ";
}

std::string zsh_argument(const Argument& argument) {
  const std::string values = ":" + zsh_values(argument);
  if (!argument.is_option()) {
    return shell_quoted((argument.required ? ":" : "::") + argument.name + values);
  }
  const std::string text = argument.name + "[" + zsh_help(argument.help) + "]";
  return shell_quoted(argument.takes == Takes::kNothing ? text
                                                        : text + ":" + argument.value + values);
}

std::string zsh_words(const std::string& group) {
  std::string text = "    words)\n      local -a names=(\n";
  for (const auto& [name, help] : described_words_after(group)) {
    std::string item = name;
    item.append(":").append(help);
    text.append("        ").append(shell_quoted(item)).append("\n");
  }
  return text + "      )\n      _describe command names ;;\n    rest)\n      case $words[1] in\n";
}

// The function that completes what follows `group`.
std::string zsh_function(const std::string& group) {
  std::string text = "_holdfast" + (group.empty() ? "" : "_" + group) +
                     "() {\n  local curcontext=$curcontext state line\n"
                     "  typeset -A opt_args\n  _arguments -C '--help[Print help]' " +
                     (group.empty() ? "'--version[Print the version]' " : "") +
                     "'1: :->words' '*:: :->rest'\n  case $state in\n" + zsh_words(group);
  for (const Verb& verb : verbs()) {
    if (verb.group() != group) continue;
    text += "        " + verb.word() + ")\n          _arguments '--help[Print help]'";
    for (const Argument& argument : arguments_of(verb)) {
      text += " \\\n            " + zsh_argument(argument);
    }
    text += " ;;\n";
  }
  if (group.empty()) {
    for (const VerbGroup& each : verb_groups()) {
      text += "        " + each.name + ") _holdfast_" + each.name + " ;;\n";
    }
  }
  return text + "      esac ;;\n  esac\n}\n\n";
}

std::string zsh_completion() {
  std::string text =
      "#compdef holdfast\n# zsh completion for holdfast; made by `holdfast completion zsh`\n\n";
  for (const VerbGroup& group : verb_groups()) text += zsh_function(group.name);
  // Loaded by its name on fpath, or sourced.
  return text + zsh_function("") +
         "if [[ $funcstack[1] == _holdfast ]]; then\n  _holdfast \"$@\"\nelse\n"
         "  compdef _holdfast holdfast\nfi\n";
}

// --- fish ---

std::string fish_quoted(std::string text) {
  text = replaced(std::move(text), "\\", "\\\\");
  return "'" + replaced(std::move(text), "'", "\\'") + "'";
}

std::string fish_condition(const Verb& verb) {
  const std::string seen = "__fish_seen_subcommand_from ";
  const std::string group = verb.group();
  if (!group.empty()) return seen + group + "; and " + seen + verb.word();
  // "init" is a word of a group too.
  std::vector<std::string> groups;
  for (const VerbGroup& each : verb_groups()) groups.push_back(each.name);
  return seen + verb.word() + "; and not " + seen + joined(groups, " ");
}

std::string fish_argument(const std::string& condition, const Argument& argument) {
  std::string line = "complete -c holdfast -n " + fish_quoted(condition);
  if (argument.is_option()) line += " -l " + argument.name.substr(2);
  const bool names_file = argument.takes == Takes::kFile || argument.takes == Takes::kFolder;
  if (argument.is_option() && argument.takes != Takes::kNothing) line += " -r";
  if (names_file) line += " -F";
  if (!argument.choices.empty()) line += " -a " + fish_quoted(joined(argument.choices, " "));
  return line + " -d " + fish_quoted(argument.help) + "\n";
}

std::string fish_words(const std::string& condition, const std::string& group) {
  std::string text;
  for (const auto& [name, help] : described_words_after(group)) {
    text.append("complete -c holdfast -n ").append(fish_quoted(condition));
    text.append(" -a ").append(name).append(" -d ").append(fish_quoted(help)).append("\n");
  }
  return text;
}

std::string fish_completion() {
  std::string text =
      "# fish completion for holdfast; made by `holdfast completion fish`\n"
      "complete -c holdfast -f\ncomplete -c holdfast -l help -d 'Print help'\n" +
      fish_words("__fish_use_subcommand", "");
  const std::string seen = "__fish_seen_subcommand_from ";
  for (const VerbGroup& group : verb_groups()) {
    std::string condition = seen;
    condition.append(group.name).append("; and not ").append(seen).append(names_after(group.name));
    text += fish_words(condition, group.name);
  }
  for (const Verb& verb : verbs()) {
    for (const Argument& argument : arguments_of(verb)) {
      const bool completes =
          argument.is_option() || argument.takes == Takes::kFile || !argument.choices.empty();
      if (completes) text += fish_argument(fish_condition(verb), argument);
    }
  }
  return text;
}

}  // namespace

std::string completion_for(std::string_view shell) {
  if (shell == "zsh") return zsh_completion();
  if (shell == "fish") return fish_completion();
  return bash_completion();
}

int print_completion(const std::string& shell) {
  std::cout << completion_for(shell);
  return 0;
}

}  // namespace holdfast::cli
