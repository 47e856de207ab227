#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/cache/replica/replay_play.h"

// HF_PROPERTY_SEEDS=2000 HF_PROPERTY_FROM=1 replica_test --gtest_filter='ReplayPropertyTest.*'
namespace holdfast::cache::replay {
namespace {

constexpr std::size_t kSteps = 80;
constexpr int kSeeds = 25;

unsigned setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return static_cast<unsigned>(text == nullptr ? otherwise : std::atoi(text));
}

std::vector<unsigned> steps_of(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<unsigned> steps(kSteps);
  for (unsigned& step : steps) step = static_cast<unsigned>(random());
  return steps;
}

struct Failure {
  std::size_t steps;  // up to the one that failed
  std::string story;
};

std::optional<Failure> play(const std::vector<unsigned>& steps) {
  Play play;
  std::string story;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string wrong = play.step(steps[i]);
    if (play.did() != "nothing") story += "\n" + play.did();
    if (!wrong.empty()) return Failure{i + 1, story + "\n=> " + wrong};
  }
  return std::nullopt;
}

// Leaves out what the failure does not need.
Failure shortened(std::vector<unsigned> steps, Failure failure) {
  steps.resize(failure.steps);
  for (std::size_t size = steps.size() / 2; size > 0; size /= 2) {
    for (std::size_t from = 0; from + size < steps.size();) {
      auto fewer = steps;
      const auto begin = fewer.begin() + static_cast<std::ptrdiff_t>(from);
      fewer.erase(begin, begin + static_cast<std::ptrdiff_t>(size));
      if (auto again = play(fewer)) {
        fewer.resize(again->steps);
        steps = std::move(fewer);
        failure = *std::move(again);
      } else {
        from += size;
      }
    }
  }
  return failure;
}

TEST(ReplayPropertyTest, VisibleRowsAreTheBaseWithPendingWritesReplayed) {
  const unsigned from = setting("HF_PROPERTY_FROM", 1);
  const unsigned seeds = setting("HF_PROPERTY_SEEDS", kSeeds);
  for (unsigned seed = from; seed < from + seeds; ++seed) {
    const auto steps = steps_of(seed);
    const auto failure = play(steps);
    if (!failure) continue;
    FAIL() << "seed " << seed << ": HF_PROPERTY_FROM=" << seed << " HF_PROPERTY_SEEDS=1"
           << shortened(steps, *failure).story;
  }
}

}  // namespace
}  // namespace holdfast::cache::replay
