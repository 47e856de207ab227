#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>

namespace holdfast::fuzz {

// The seeds of a target: the lines of seeds/TARGET.txt, with \n, \r, \\ and \xHH for what a line
// cannot hold; lines that begin with '#' and empty ones are left out.
std::vector<std::string> seeds_of(std::string_view target);

// Changes inputs like a fuzzer would, but the same way in every run.
// One thread at a time: its owner.
class Mutator {
 public:
  explicit Mutator(std::span<const std::string> seeds) : seeds_(seeds) {}

  // One of the seeds with some bytes, pieces or tokens changed.
  std::string next();

 private:
  std::size_t below(std::size_t limit) { return engine_() % limit; }
  void change(std::string& text);

  std::span<const std::string> seeds_;
  std::mt19937_64 engine_{20261121};
};

}  // namespace holdfast::fuzz
