#include "gateway/base/log_line.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gateway/base/logging.h"
#include "tests/support/temp_dir.h"

namespace holdfast {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(LogLine, AnEventIsOneLineWhateverItsValuesHold) {
  EXPECT_EQ(on_one_line("failed reason=a\r\nb\t\x1b[31m"), "failed reason=a\\r\\nb\\t\\u001b[31m");
}

TEST(LogLine, KeysBecomeMembers) {
  EXPECT_EQ(json_members("pull_failed table=todos reason=no answer count=3"),
            R"(,"event":"pull_failed","table":"todos","reason":"no answer","count":"3")");
}

TEST(LogLine, WhatAValueSaysCannotTakeTheEventsPlace) {
  EXPECT_EQ(json_members("x reason=a level=off time=0 event=y reason=b"),
            R"(,"event":"x","reason":"a")");
}

TEST(LogLine, QuotesAndBreaksAreEscaped) {
  EXPECT_EQ(json_members("x reason=say \"hi\"\n\\"), R"(,"event":"x","reason":"say \"hi\"\n\\")");
}

class LogFileTest : public ::testing::Test {
 protected:
  LogFileTest() { options_.file = (dir_.path() / "holdfast.log").string(); }

  support::TempDir dir_;
  LogOptions options_;
};

TEST_F(LogFileTest, IsForItsOwnerOnly) {
  make_logger(options_)->info("started");
  struct stat there = {};
  ASSERT_EQ(::stat(options_.file.c_str(), &there), 0);
  EXPECT_EQ(there.st_mode & 0777, 0600U);
}

TEST_F(LogFileTest, HoldsJsonWhereThatIsAsked) {
  options_.format = LogOptions::Format::kJson;
  make_logger(options_)->warn("pull_failed table={}", "todos");
  const std::string line = content_of(options_.file);
  EXPECT_TRUE(line.starts_with(R"({"time":"2)")) << line;
  EXPECT_TRUE(line.ends_with(R"(","level":"warning","event":"pull_failed","table":"todos"})"
                             "\n"))
      << line;
}

TEST_F(LogFileTest, IsPutAsideWhenItIsFullAndTheOldestGoes) {
  options_.max_bytes = 1'000;
  options_.max_files = 2;
  const auto logger = make_logger(options_);
  for (int i = 0; i < 200; ++i) logger->info("event number={}", i);
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(dir_.path())) {
    ++files;
    EXPECT_LE(file.file_size(), 1'000U);
  }
  EXPECT_EQ(files, 3U);
  EXPECT_NE(content_of(options_.file).find("number=199"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(dir_.path() / "holdfast.2.log"));
}

TEST_F(LogFileTest, BelowItsLevelNothingIsSaid) {
  options_.level = "warn";
  make_logger(options_)->info("started");
  EXPECT_EQ(content_of(options_.file), "");
}

TEST_F(LogFileTest, AFileThatCannotBeMadeIsAFault) {
  options_.file = "/proc/none/holdfast.log";
  EXPECT_THROW(make_logger(options_), std::exception);
}

}  // namespace
}  // namespace holdfast
