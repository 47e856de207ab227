#include "gateway/cli/progress.h"

#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

TEST(ProgressTest, APartIsABarAndAPercentage) {
  EXPECT_EQ(progress_line({"tables", 0.0}, 80, 0), "[>                       ] 0 %  tables");
  EXPECT_EQ(progress_line({"tables", 0.5}, 80, 0), "[============>           ] 50 %  tables");
  EXPECT_EQ(progress_line({"tables", 1.0}, 80, 0), "[========================] 100 %  tables");
}

TEST(ProgressTest, APartThatIsOutOfRangeStaysInTheBar) {
  EXPECT_EQ(progress_line({"", 1.5}, 80, 0), progress_line({"", 1.0}, 80, 0));
  EXPECT_EQ(progress_line({"", -1.0}, 80, 0), progress_line({"", 0.0}, 80, 0));
}

TEST(ProgressTest, WithoutAPartTheBarGoesToAndFro) {
  EXPECT_EQ(progress_line({"importing", std::nullopt}, 80, 0),
            "[===                     ] importing");
  EXPECT_EQ(progress_line({"importing", std::nullopt}, 80, 21),
            "[                     ===] importing");
  EXPECT_EQ(progress_line({"importing", std::nullopt}, 80, 42),
            progress_line({"importing", std::nullopt}, 80, 0));
  for (std::size_t turn = 0; turn < 100; ++turn) {
    EXPECT_EQ(progress_line({"", std::nullopt}, 80, turn).size(), 27u) << turn;
  }
}

TEST(ProgressTest, CountsWhatIsDoneOnceTheTotalIsKnown) {
  const auto unknown = progress_of("importing", {5, 0}, "rows");
  EXPECT_EQ(unknown.text, "importing");
  EXPECT_FALSE(unknown.part.has_value());
  const auto known = progress_of("importing", {5, 20}, "rows");
  EXPECT_EQ(known.text, "importing: 5 of 20 rows");
  EXPECT_EQ(known.part, 0.25);
}

TEST(ProgressTest, NeverLongerThanTheTerminalIsWide) {
  EXPECT_EQ(progress_line({std::string(200, 'x'), 0.3}, 40, 0).size(), 40u);
}

// Where stderr is no terminal, as here: nothing is asked, nothing is printed.
TEST(ProgressTest, IsSilentWithoutATerminal) {
  testing::internal::CaptureStderr();
  {
    const Progress progress({}, []() -> ProgressState { return {"work", 0.5}; });
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace holdfast::cli
