#pragma once

namespace holdfast::cli {

// The program `holdfast`: parses the command line, runs the command and gives its exit status:
// 0 done, 1 failed, 2 a wrong command line.
int run(int argc, char** argv);

}  // namespace holdfast::cli
