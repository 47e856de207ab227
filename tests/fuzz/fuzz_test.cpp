// Every fuzz target over its seeds and the same many mutations of them, with any compiler. What a
// fuzzer has found stands among the seeds.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/fuzz/mutate.h"
#include "tests/fuzz/targets.h"

namespace holdfast::fuzz {
namespace {

std::string hexed(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte < 0x7f && c != '\\') {
      out += c;
    } else {
      out += "\\x";
      out += kDigits[byte / 16];
      out += kDigits[byte % 16];
    }
  }
  return out;
}

void expect_harmless(const Target& target, const std::string& input) {
  try {
    target.run(input);
  } catch (const std::exception& fault) {
    ADD_FAILURE() << target.name << " of " << hexed(input) << "\n  " << hexed(fault.what());
  }
}

class FuzzTest : public testing::TestWithParam<Target> {};

TEST_P(FuzzTest, SeedsBreakNoRule) {
  for (const auto& seed : seeds_of(GetParam().name)) expect_harmless(GetParam(), seed);
}

TEST_P(FuzzTest, MutationsOfSeedsBreakNoRule) {
  const auto seeds = seeds_of(GetParam().name);
  Mutator mutator(seeds);
  // An import makes a database file each time. HF_FUZZ_ROUNDS: so many times longer.
  const char* rounds = std::getenv("HF_FUZZ_ROUNDS");
  const int longer = rounds == nullptr ? 1 : std::max(1, std::atoi(rounds));
  const int count = longer * (GetParam().name == "bundle" ? 300 : 8000);
  for (int i = 0; i < count && !HasFailure(); ++i) expect_harmless(GetParam(), mutator.next());
}

INSTANTIATE_TEST_SUITE_P(, FuzzTest, testing::ValuesIn(targets().begin(), targets().end()),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace holdfast::fuzz
