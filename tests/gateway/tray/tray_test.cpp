#include "gateway/tray/tray.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/tray/gateway_folder.h"
#include "tests/support/manual_clock.h"

namespace holdfast::tray {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct FakeDesktop final : Desktop {
  void show(const Face& face) override { faces.push_back(face); }
  void notify(const Notice& notice) override {
    notices.push_back(notice.title + ": " + notice.text);
  }
  void open(const std::string& url) override { opened.push_back(url); }
  void quit() override { has_quit = true; }

  std::vector<Face> faces;
  std::vector<std::string> notices;
  std::vector<std::string> opened;
  bool has_quit = false;
};

struct FakeLink final : GatewayLink {
  void listen(const GatewayPlace&, Heard heard_, Ended ended_) override {
    ++listens;
    heard = std::move(heard_);
    ended = std::move(ended_);
  }
  void stop_listening() override { heard = nullptr; }
  void post(const GatewayPlace&, const std::string& path, Answered answered) override {
    posts.push_back(path);
    const auto found = answers.find(path);
    answered(found == answers.end() ? Result<std::string>(upstream_unavailable("no answer"))
                                    : Result<std::string>(found->second));
  }
  // The stream breaks.
  void end() {
    heard = nullptr;
    ended();
  }

  int listens = 0;
  Heard heard;
  Ended ended;
  std::vector<std::string> posts;
  std::map<std::string, std::string> answers;
};

struct FakeProcess final : GatewayProcess {
  void start() override {
    ++starts;
    runs = true;
  }
  bool running() const override { return runs; }
  void stop() override {
    ++stops;
    runs = false;
  }
  std::string last_words() const override { return words; }

  int starts = 0;
  int stops = 0;
  bool runs = false;
  std::string words;
};

std::string status(const std::string& state, int pending = 0, int conflicts = 0, int dead = 0) {
  return R"({"state":")" + state + R"(","queue":{"depth":)" + std::to_string(pending) +
         R"(,"conflicts":)" + std::to_string(conflicts) + R"(,"dead":)" + std::to_string(dead) +
         "}}";
}

class TrayTest : public ::testing::Test {
 protected:
  void make(bool may_start = true) {
    TrayOptions options;
    options.data_folder = folder_.path();
    options.start_gateway = may_start;
    tray_.emplace(options, desktop_, link_, process_, login_, clock_);
    tray_->tick();
  }
  // So much time passes, with a tick every half second.
  void pass(std::chrono::milliseconds time) {
    for (; time > 0ms; time -= 500ms) {
      clock_.advance(std::min<std::chrono::milliseconds>(time, 500ms));
      tray_->tick();
    }
  }
  void hear(const std::string& json) { link_.heard("event: status\ndata: " + json + "\n\n"); }
  void attach() {
    folder_.run();
    make();
    hear(status("synced"));
  }
  const Face& face() const { return desktop_.faces.back(); }
  std::string state_line() const { return face().menu.front().text; }

  GatewayFolder folder_;
  support::ManualClock clock_;
  FakeDesktop desktop_;
  FakeLink link_;
  FakeProcess process_;
  LoginItem login_{Platform::kLinux, {{"HOME", folder_.path()}}, {"holdfast", "tray"}};
  std::optional<Tray> tray_;
};

TEST_F(TrayTest, AttachesToTheGatewayThatRuns) {
  attach();
  EXPECT_EQ(state_line(), "Synced: everything is sent");
  EXPECT_EQ(face().symbol, Symbol::kSynced);
  pass(1min);
  EXPECT_EQ(process_.starts, 0);
  EXPECT_EQ(face().menu.back().text, "Quit");
}

TEST_F(TrayTest, FollowsWhatTheGatewayTells) {
  attach();
  hear(status("offline", 3));
  EXPECT_EQ(face().symbol, Symbol::kOffline);
  EXPECT_EQ(face().badge, "3");
  const auto shown = desktop_.faces.size();
  hear(status("offline", 3));
  EXPECT_EQ(desktop_.faces.size(), shown);
}

TEST_F(TrayTest, StartsAGatewayWhereNoneComesUpByItself) {
  make();
  pass(2500ms);
  EXPECT_EQ(process_.starts, 0);
  pass(1s);
  EXPECT_EQ(process_.starts, 1);
  folder_.run();
  pass(1s);
  hear(status("synced"));
  EXPECT_EQ(face().menu.back().text, "Quit and stop the gateway");
  tray_->run(Command::kQuit);
  EXPECT_EQ(process_.stops, 1);
  EXPECT_TRUE(desktop_.has_quit);
}

TEST_F(TrayTest, AServiceThatComesUpInTimeIsTaken) {
  make();
  pass(1500ms);
  folder_.take_lock();
  pass(4s);
  EXPECT_EQ(state_line(), "The gateway is starting");
  folder_.announce();
  pass(1s);
  hear(status("synced"));
  EXPECT_EQ(process_.starts, 0);
  tray_->run(Command::kQuit);
  EXPECT_EQ(process_.stops, 0);
}

TEST_F(TrayTest, StartsNoneWhereThatIsForbidden) {
  make(false);
  pass(1min);
  EXPECT_EQ(process_.starts, 0);
  EXPECT_EQ(state_line(), "The gateway is not running");
}

TEST_F(TrayTest, ARestartOfTheGatewayIsSurvivedWithoutAWordOrAnotherFace) {
  attach();
  hear(status("conflict", 1, 1));
  const auto shown = desktop_.faces.size();
  const auto told = desktop_.notices.size();
  folder_.die();
  link_.end();
  pass(1s);
  folder_.run();
  pass(1s);
  EXPECT_EQ(link_.listens, 2);
  hear(status("conflict", 1, 1));
  EXPECT_EQ(desktop_.faces.size(), shown);
  EXPECT_EQ(desktop_.notices.size(), told);
  EXPECT_EQ(process_.starts, 0);
}

TEST_F(TrayTest, AGatewayThatSomebodyStoppedIsNotStartedAgain) {
  attach();
  folder_.die();
  link_.end();
  pass(5min);
  EXPECT_EQ(process_.starts, 0);
  EXPECT_EQ(face().symbol, Symbol::kAbsent);
  EXPECT_EQ(state_line(), "The gateway is not running");
  tray_->run(Command::kStartGateway);
  EXPECT_EQ(process_.starts, 1);
}

TEST_F(TrayTest, ItsOwnGatewayIsStartedAgainEverMoreSlowly) {
  make();
  pass(3s);
  ASSERT_EQ(process_.starts, 1);
  process_.words = "no API key is known";
  process_.runs = false;
  pass(500ms);
  EXPECT_EQ(state_line(), "The gateway does not start: no API key is known");
  for (int second = 0; second < 600; ++second) {
    process_.runs = false;
    pass(1s);
  }
  EXPECT_GE(process_.starts, 10);
  EXPECT_LE(process_.starts, 20);
}

TEST_F(TrayTest, ASilentStreamIsTakenForDead) {
  attach();
  link_.heard(":\n\n");
  pass(34s);
  EXPECT_EQ(link_.listens, 1);
  pass(3s);
  EXPECT_EQ(link_.listens, 2);
}

TEST_F(TrayTest, AGatewayThatRefusesIsAskedEverMoreSeldom) {
  folder_.run();
  make();
  for (int i = 0; i < 60; ++i) {
    if (link_.heard) link_.end();
    pass(1s);
  }
  EXPECT_LE(link_.listens, 14);
  EXPECT_GE(link_.listens, 7);
  EXPECT_EQ(state_line(), "The gateway is starting");
}

TEST_F(TrayTest, WhatThePersonAsksForIsPosted) {
  attach();
  link_.answers = {{"/sync", "{}"},
                   {"/sync/pause", status("paused")},
                   {"/sync/resume", status("synced")},
                   {"/sync/offline", status("offline")},
                   {"/sync/online", status("syncing")}};
  for (const auto command : {Command::kSyncNow, Command::kPause, Command::kResume,
                             Command::kGoOffline, Command::kGoOnline}) {
    tray_->run(command);
  }
  EXPECT_THAT(link_.posts,
              ElementsAre("/sync", "/sync/pause", "/sync/resume", "/sync/offline", "/sync/online"));
  EXPECT_EQ(face().symbol, Symbol::kSyncing);
  EXPECT_THAT(desktop_.notices, IsEmpty());
}

TEST_F(TrayTest, TheAnswerIsShownAtOnce) {
  attach();
  link_.answers["/sync/pause"] = status("paused", 2);
  tray_->run(Command::kPause);
  EXPECT_EQ(face().symbol, Symbol::kPaused);
}

TEST_F(TrayTest, AFailureIsSaid) {
  attach();
  tray_->run(Command::kPause);
  EXPECT_THAT(desktop_.notices, ElementsAre("Holdfast: no answer"));
}

TEST_F(TrayTest, TheDashboardOpensByAOneTimeLinkAtItsSection) {
  attach();
  link_.answers["/dashboard/link"] = R"({"url":"http://127.0.0.1:5/#code=abc"})";
  tray_->run(Command::kOpenDashboard);
  tray_->run(Command::kOpenConflicts);
  tray_->run(Command::kOpenRefused);
  EXPECT_THAT(desktop_.opened, ElementsAre("http://127.0.0.1:5/#code=abc",
                                           "http://127.0.0.1:5/#code=abc&section=conflicts",
                                           "http://127.0.0.1:5/#code=abc&section=dead"));
}

TEST_F(TrayTest, ALongOutageIsToldThoughTheGatewayTellsNothingNew) {
  attach();
  hear(status("offline", 1));
  for (int i = 0; i < 61; ++i) {
    link_.heard(":\n\n");
    pass(10s);
  }
  ASSERT_EQ(desktop_.notices.size(), 1);
  EXPECT_EQ(desktop_.notices.front(),
            "Offline: The server has not answered for 10 minutes. 1 write kept here until it is "
            "back.");
}

TEST_F(TrayTest, StartAtLoginIsSwitchedFromTheMenu) {
  attach();
  tray_->run(Command::kStartAtLogin);
  EXPECT_TRUE(login_.enabled());
  EXPECT_EQ(face().menu.at(face().menu.size() - 2).checked, true);
  tray_->run(Command::kStartAtLogin);
  EXPECT_FALSE(login_.enabled());
  EXPECT_EQ(face().menu.at(face().menu.size() - 2).checked, false);
}

}  // namespace
}  // namespace holdfast::tray
