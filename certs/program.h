#pragma once

#include <string>
#include <vector>

namespace holdfast::certs {

// Where a program is, by PATH and the folders for root's programs; empty where it is nowhere.
std::string find_program(const std::string& name);

struct Ended {
  int status = 127;    // 127: it could not be started
  std::string output;  // both outputs
};
// Runs `words`, the program first, without a shell and without input, to its end.
Ended run_program(const std::vector<std::string>& words);

}  // namespace holdfast::certs
