#pragma once

#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/tray/tray.h"

namespace holdfast::tray {

// The command line of holdfast-tray.
struct Arguments {
  enum class Wish { kRun, kHelp, kVersion };
  Wish wish = Wish::kRun;
  TrayOptions tray;
  std::string config_file;  // of the gateway that is started; empty: its own default
  std::string gateway;      // the program; empty: holdfast beside the tray, else from PATH
};

// `words`: without the program's name. The error says which word is wrong.
Result<Arguments> parse_arguments(const std::vector<std::string>& words);

const char* usage();

// What runs the gateway of these arguments, and what starts its tray at login.
std::vector<std::string> gateway_command(const Arguments& arguments);
std::vector<std::string> login_command(const Arguments& arguments);

}  // namespace holdfast::tray
