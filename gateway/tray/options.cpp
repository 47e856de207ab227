#include "gateway/tray/options.h"

#include <charconv>

namespace holdfast::tray {
namespace {

Result<std::chrono::seconds> parse_seconds(const std::string& text) {
  int seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem != std::errc{} || end != text.data() + text.size() || seconds < 1) {
    return invalid_request("HF400", "--long-offline wants whole seconds, not '" + text + "'");
  }
  return std::chrono::seconds(seconds);
}

Result<void> set(Arguments& arguments, const std::string& name, const std::string& value) {
  if (name == "--data") {
    arguments.tray.data_folder = value;
  } else if (name == "--config") {
    arguments.config_file = value;
  } else if (name == "--gateway") {
    arguments.gateway = value;
  } else if (name == "--long-offline") {
    HF_TRY(arguments.tray.notices.long_offline, parse_seconds(value));
  } else {
    return invalid_request("HF400", "there is no option " + name);
  }
  return {};
}

std::vector<std::string> command(const Arguments& arguments, const char* verb) {
  std::vector<std::string> words = {arguments.gateway, verb};
  if (!arguments.config_file.empty()) {
    words.insert(words.end(), {"--config", arguments.config_file});
  }
  words.insert(words.end(), {"--data", arguments.tray.data_folder});
  return words;
}

}  // namespace

Result<Arguments> parse_arguments(const std::vector<std::string>& words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--help" || word == "-h") {
      arguments.wish = Arguments::Wish::kHelp;
    } else if (word == "--version") {
      arguments.wish = Arguments::Wish::kVersion;
    } else if (word == "--no-start") {
      arguments.tray.start_gateway = false;
    } else if (i + 1 == words.size()) {
      return invalid_request("HF400", word.starts_with("--")
                                          ? word + " wants a value, or is unknown"
                                          : "there is no option " + word);
    } else {
      HF_TRY_VOID(set(arguments, word, words[++i]));
    }
  }
  return arguments;
}

const char* usage() {
  return "usage: holdfast tray [--config FILE] [--data DIR]\n"
         "\n"
         "Shows the gateway's state beside the clock. `holdfast tray` starts this program:\n"
         "  holdfast-tray --data DIR [--config FILE] [--gateway PROGRAM] [--no-start]\n"
         "                [--long-offline SECONDS]\n"
         "\n"
         "  --data DIR              the gateway's data folder\n"
         "  --config FILE           for a gateway that the tray starts\n"
         "  --gateway PROGRAM       that gateway; default: holdfast beside this program\n"
         "  --no-start              start none where none runs\n"
         "  --long-offline SECONDS  say so when the upstream is away so long; default 600\n";
}

std::vector<std::string> gateway_command(const Arguments& arguments) {
  return command(arguments, "serve");
}

std::vector<std::string> login_command(const Arguments& arguments) {
  return command(arguments, "tray");
}

}  // namespace holdfast::tray
