#include "gateway/tray/event_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::tray {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class EventParserTest : public ::testing::Test {
 protected:
  std::vector<std::pair<std::string, std::string>> events_;
  EventParser parser_{[this](const std::string& name, const std::string& data) {
    events_.emplace_back(name, data);
  }};
};

TEST_F(EventParserTest, EventIsToldOnceItsBlankLineCame) {
  parser_.feed("event: status\ndata: {\"a\":1}\n");
  EXPECT_THAT(events_, IsEmpty());
  parser_.feed("\n");
  EXPECT_THAT(events_, ElementsAre(Pair("status", "{\"a\":1}")));
}

TEST_F(EventParserTest, PiecesMayBreakAnywhere) {
  const std::string text =
      "retry: 2000\n\nevent: status\r\ndata: one\r\n\r\nevent: entry\ndata: two\n\n";
  for (const char c : text) parser_.feed(std::string_view(&c, 1));
  EXPECT_THAT(events_, ElementsAre(Pair("status", "one"), Pair("entry", "two")));
}

TEST_F(EventParserTest, LinesOfDataAreJoinedAndCommentsLeftOut) {
  parser_.feed(":\n\n: still here\ndata:first\ndata: second\n\nevent: empty\n\n");
  EXPECT_THAT(events_, ElementsAre(Pair("", "first\nsecond")));
}

}  // namespace
}  // namespace holdfast::tray
