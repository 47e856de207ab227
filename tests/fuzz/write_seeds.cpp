// Writes the seeds of every target as files for libFuzzer: write_seeds FOLDER.

#include <filesystem>
#include <fstream>

#include "tests/fuzz/mutate.h"
#include "tests/fuzz/targets.h"

int main(int count, char** arguments) {
  if (count != 2) return 2;
  for (const auto& target : holdfast::fuzz::targets()) {
    const auto folder = std::filesystem::path(arguments[1]) / target.name;
    std::filesystem::create_directories(folder);
    int number = 0;
    for (const auto& seed : holdfast::fuzz::seeds_of(target.name)) {
      std::ofstream(folder / ("seed-" + std::to_string(++number)), std::ios::binary) << seed;
    }
  }
  return 0;
}
