#include "gateway/cli/progress.h"

#include <gtest/gtest.h>

#include <pty.h>
#include <unistd.h>

#include <iostream>

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

// stderr is a terminal while it lives.
class Terminal {
 public:
  Terminal() : stderr_(::dup(STDERR_FILENO)) {
    EXPECT_EQ(::openpty(&reader_, &screen_, nullptr, nullptr, nullptr), 0);
    ::dup2(screen_, STDERR_FILENO);
  }
  ~Terminal() {
    ::dup2(stderr_, STDERR_FILENO);
    for (const int file : {stderr_, screen_, reader_}) ::close(file);
  }

  // What is shown up to `end`.
  std::string shown_until(const std::string& end) const {
    std::string shown;
    char byte = 0;
    while (shown.find(end) == std::string::npos && ::read(reader_, &byte, 1) == 1) shown += byte;
    return shown;
  }

 private:
  int stderr_;
  int reader_ = -1;
  int screen_ = -1;
};

TEST(ProgressTest, ShowsOnATerminalHowFarItIsAndGoesAway) {
  const Terminal terminal;
  std::string shown;
  {
    const Progress progress({}, [] {
      return progress_of("verifying", ProgressCount::State{3, 4}, "records");
    });
    shown = terminal.shown_until("records");
  }
  EXPECT_NE(shown.find("] 75 %  verifying: 3 of 4 records"), std::string::npos) << shown;
  std::cerr << "next" << std::flush;
  const std::string after = terminal.shown_until("next");
  EXPECT_TRUE(after.ends_with("\r\x1b[Knext")) << after;
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
