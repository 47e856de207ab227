#pragma once

#include <string>
#include <vector>

#include "cache/catalog/type.h"

namespace holdfast::test {

// Inputs of one type, as JSON tokens.
struct Sample {
  cache::Type type;
  std::vector<std::string> tokens;
};

inline const std::vector<std::string> kMoods = {"sad", "ok", "very happy", "so, so"};

// Hand-picked edges and `many` times a few hundred generated values of every type; the same ones in
// every run.
std::vector<Sample> make_samples(int many = 1);

}  // namespace holdfast::test
