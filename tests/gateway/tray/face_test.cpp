#include "gateway/tray/face.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "gateway/tray/glyphs.h"

namespace holdfast::tray {
namespace {

using ::testing::HasSubstr;

constexpr Symbol kAllSymbols[] = {Symbol::kSynced,   Symbol::kSyncing, Symbol::kOffline,
                                  Symbol::kConflict, Symbol::kPaused,  Symbol::kError,
                                  Symbol::kAbsent};

View there(GatewayState state, std::int64_t pending = 0) {
  View view;
  view.presence = Presence::kThere;
  view.status.state = state;
  view.status.pending = pending;
  return view;
}

const MenuItem* find(const Face& face, const std::string& id) {
  for (const MenuItem& item : face.menu) {
    if (item.id == id) return &item;
  }
  return nullptr;
}

std::string text_of(const Face& face, const std::string& id) {
  const MenuItem* item = find(face, id);
  return item == nullptr ? "" : item->text;
}

TEST(FaceTest, EachStateHasASymbolOfItsOwn) {
  std::set<Symbol> symbols;
  for (const auto state : {GatewayState::kSynced, GatewayState::kSyncing, GatewayState::kOffline,
                           GatewayState::kConflict, GatewayState::kPaused, GatewayState::kError}) {
    symbols.insert(face_of(there(state)).symbol);
  }
  View absent;
  absent.presence = Presence::kAbsent;
  symbols.insert(face_of(absent).symbol);
  EXPECT_EQ(symbols.size(), std::size(kAllSymbols));
}

TEST(FaceTest, SymbolsDifferInShapeAndNotByColourAlone) {
  std::set<std::string> shapes;
  for (const Symbol symbol : kAllSymbols) {
    const Glyph& glyph = glyph_of(symbol);
    std::string shape = glyph.filled ? "filled" : "hollow";
    for (const auto& stroke : glyph.strokes) {
      for (const Point& point : stroke) {
        shape += ' ' + std::to_string(point.x) + ',' + std::to_string(point.y);
        EXPECT_TRUE(point.x >= 2 && point.x <= 30 && point.y >= 2 && point.y <= 30);
      }
    }
    shapes.insert(shape);
  }
  EXPECT_EQ(shapes.size(), std::size(kAllSymbols));
}

TEST(FaceTest, BadgeIsThePendingCount) {
  EXPECT_EQ(face_of(there(GatewayState::kSynced)).badge, "");
  EXPECT_EQ(face_of(there(GatewayState::kOffline, 7)).badge, "7");
  EXPECT_EQ(face_of(there(GatewayState::kOffline, 99)).badge, "99");
  EXPECT_EQ(face_of(there(GatewayState::kOffline, 100)).badge, "99+");
}

TEST(FaceTest, StateLineSaysWhatWaits) {
  EXPECT_EQ(text_of(face_of(there(GatewayState::kOffline, 1)), "state"), "Offline: 1 write waits");
  EXPECT_EQ(text_of(face_of(there(GatewayState::kOffline, 4)), "state"), "Offline: 4 writes wait");
  EXPECT_EQ(text_of(face_of(there(GatewayState::kPaused)), "state"), "Paused: nothing waits");
  View chosen = there(GatewayState::kOffline, 2);
  chosen.status.offline_by_choice = true;
  EXPECT_EQ(text_of(face_of(chosen), "state"), "Offline by choice: 2 writes wait");
  View conflict = there(GatewayState::kConflict, 2);
  conflict.status.conflicts = 1;
  EXPECT_EQ(text_of(face_of(conflict), "state"), "Conflict: 1 row for you to decide");
  EXPECT_THAT(face_of(conflict).tooltip, HasSubstr("Conflict: 1 row"));
  EXPECT_FALSE(find(face_of(conflict), "state")->enabled);
}

TEST(FaceTest, NeedsAttentionSaysForWhat) {
  View view = there(GatewayState::kError);
  view.status.refused = 2;
  view.status.uncertain = 1;
  EXPECT_EQ(text_of(face_of(view), "state"),
            "Needs attention: 2 writes refused; 1 write may not have arrived");
  EXPECT_EQ(text_of(face_of(view), "queue"), "To look at (1)");
  EXPECT_EQ(text_of(face_of(view), "conflicts"), "Conflicts");
  view.status = {};
  view.status.state = GatewayState::kError;
  view.status.pulls_fail = true;
  EXPECT_EQ(text_of(face_of(view), "state"), "Needs attention: changes cannot be fetched");
  EXPECT_EQ(find(face_of(view), "queue"), nullptr);
  view.status.pulls_fail = false;
  view.status.no_schema = true;
  EXPECT_EQ(text_of(face_of(view), "state"), "Needs attention: no table is kept here");
}

TEST(FaceTest, WritesOfThoseWhoAreSignedOutAreNotOnTheWay) {
  View view = there(GatewayState::kSyncing, 2);
  view.status.absent = 2;
  EXPECT_EQ(text_of(face_of(view), "state"), "Waiting: 2 writes until their users sign in");
  view.status.absent = 1;
  EXPECT_EQ(text_of(face_of(view), "state"), "Syncing: 2 writes on the way");
}

TEST(FaceTest, MenuOffersTheOppositeOfWhatIs) {
  const Face running = face_of(there(GatewayState::kSynced));
  EXPECT_EQ(find(running, "pause")->command, Command::kPause);
  EXPECT_EQ(find(running, "offline")->command, Command::kGoOffline);
  EXPECT_EQ(find(face_of(there(GatewayState::kPaused)), "pause")->command, Command::kResume);
  // An outage is none of the person's: there is nothing to go online from.
  EXPECT_EQ(find(face_of(there(GatewayState::kOffline)), "offline")->command, Command::kGoOffline);
  View chosen = there(GatewayState::kOffline);
  chosen.status.offline_by_choice = true;
  EXPECT_EQ(find(face_of(chosen), "offline")->command, Command::kGoOnline);
  EXPECT_FALSE(find(face_of(chosen), "sync")->enabled);
}

TEST(FaceTest, ConflictsAndRefusedWritesAreCounted) {
  View view = there(GatewayState::kError);
  view.status.conflicts = 2;
  view.status.refused = 3;
  EXPECT_EQ(text_of(face_of(view), "conflicts"), "Conflicts (2)");
  EXPECT_EQ(text_of(face_of(view), "refused"), "Refused (3)");
  EXPECT_EQ(text_of(face_of(there(GatewayState::kSynced)), "conflicts"), "Conflicts");
}

TEST(FaceTest, WithoutAGatewayItCanBeStartedUnlessThatIsForbidden) {
  View absent;
  absent.presence = Presence::kAbsent;
  EXPECT_EQ(text_of(face_of(absent), "state"), "The gateway is not running");
  EXPECT_NE(find(face_of(absent), "start"), nullptr);
  EXPECT_EQ(find(face_of(absent), "sync"), nullptr);
  absent.can_start = false;
  EXPECT_EQ(find(face_of(absent), "start"), nullptr);
  absent.problem = "no API key is known";
  EXPECT_EQ(text_of(face_of(absent), "state"), "The gateway does not start: no API key is known");
}

TEST(FaceTest, QuitSaysWhetherTheGatewayStops) {
  View view = there(GatewayState::kSynced);
  EXPECT_EQ(text_of(face_of(view), "quit"), "Quit");
  view.started_here = true;
  EXPECT_EQ(text_of(face_of(view), "quit"), "Quit and stop the gateway");
}

TEST(FaceTest, StartAtLoginIsMarked) {
  View view;
  EXPECT_EQ(find(face_of(view), "login")->checked, false);
  view.starts_at_login = true;
  EXPECT_EQ(find(face_of(view), "login")->checked, true);
}

}  // namespace
}  // namespace holdfast::tray
