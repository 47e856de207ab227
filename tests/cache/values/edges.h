#pragma once

#include <string>
#include <vector>

// Texts at and beyond the limits of each type's input.
namespace holdfast::test {

extern const std::vector<std::string> kIntegerEdges;
extern const std::vector<std::string> kFloatEdges;
extern const std::vector<std::string> kNumericEdges;
extern const std::vector<std::string> kDateEdges;
extern const std::vector<std::string> kMomentEdges;
extern const std::vector<std::string> kClockEdges;
extern const std::vector<std::string> kIntervalEdges;
extern const std::vector<std::string> kUuidEdges;
extern const std::vector<std::string> kArrayEdges;
extern const std::vector<std::string> kRangeEdges;
extern const std::vector<std::string> kWordEdges;

}  // namespace holdfast::test
