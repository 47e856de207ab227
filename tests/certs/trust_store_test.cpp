#include "certs/trust_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "certs/nss_store.h"
#include "certs/program.h"
#include "certs/system_store.h"
#include "gateway/base/files.h"
#include "tests/support/temp_dir.h"

namespace holdfast::certs {
namespace {

namespace fs = std::filesystem;

// Programs of the system, in the place of the real ones: each notes how it was called.
class TrustStoreTest : public ::testing::Test {
 protected:
  TrustStoreTest() {
    fs::create_directories(bin_);
    ::setenv("PATH", (bin_ + ":" + path_).c_str(), 1);
    write_file(authority_.file, "the certificate", 0644);
  }
  ~TrustStoreTest() override { ::setenv("PATH", path_.c_str(), 1); }

  void program(const std::string& name, const std::string& script) const {
    write_file(bin_ + "/" + name, "#!/bin/sh\necho \"$0 $*\" >> " + calls_ + "\n" + script + "\n",
               0755);
  }
  std::string calls() const { return read_file(calls_); }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  const support::TempDir folder_;
  const std::string path_ = std::getenv("PATH");
  const std::string bin_ = path("bin");
  const std::string calls_ = path("calls");
  const Trusted authority_{path("authority.pem"), "holdfast-1a2b3c4d"};
};

class SystemStoreTest : public TrustStoreTest {
 protected:
  SystemStoreTest() { fs::create_directories(kind_.folder); }

  std::string kept() const { return kind_.folder + "/holdfast-1a2b3c4d.crt"; }

  const SystemStoreKind kind_{"Test", path("anchors"), "update-anchors", "--again"};
  SystemStore store_{kind_};
};

TEST_F(SystemStoreTest, TrustCopiesTheCertificateAndTellsTheSystemOnce) {
  program("update-anchors", "");
  EXPECT_FALSE(store_.trusts(authority_));
  ASSERT_TRUE(store_.trust(authority_));
  EXPECT_TRUE(store_.trusts(authority_));
  EXPECT_EQ(read_file(kept()), "the certificate");
  ASSERT_TRUE(store_.trust(authority_));
  EXPECT_EQ(calls(), bin_ + "/update-anchors \n");
}

TEST_F(SystemStoreTest, UntrustUndoesItAndARepeatDoesNothing) {
  program("update-anchors", "");
  ASSERT_TRUE(store_.trust(authority_));
  ASSERT_TRUE(store_.untrust(authority_));
  EXPECT_FALSE(store_.trusts(authority_));
  EXPECT_FALSE(fs::exists(kept()));
  const std::string before = calls();
  EXPECT_TRUE(before.ends_with("/update-anchors --again\n")) << before;
  ASSERT_TRUE(store_.untrust(authority_));
  EXPECT_EQ(calls(), before);
}

TEST_F(SystemStoreTest, AnotherAuthorityUnderTheNameIsNotTrusted) {
  write_file(kept(), "another certificate", 0644);
  EXPECT_FALSE(store_.trusts(authority_));
}

TEST_F(SystemStoreTest, WhereOnlyRootMayTheHintIsTheCommand) {
  if (::geteuid() == 0) {
    // Root may write everywhere, but not where there is nothing.
    fs::remove_all(kind_.folder);
  } else {
    fs::permissions(kind_.folder, fs::perms::owner_read | fs::perms::owner_exec);
  }
  const auto outcome = store_.trust(authority_);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().hint, "sudo install -m 644 '" + authority_.file + "' '" + kept() +
                                      "' && sudo update-anchors");
}

TEST_F(SystemStoreTest, AFailureOfTheSystemsProgramIsToldInItsWords) {
  program("update-anchors", "echo 'no space left'; exit 3");
  const auto outcome = store_.trust(authority_);
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message.find("no space left"), std::string::npos);
}

class NssStoreTest : public TrustStoreTest {
 protected:
  NssStore store_{"Chromium", path("nssdb")};
};

TEST_F(NssStoreTest, TrustIsForServersOnlyAndUntrustDeletesByTheLabel) {
  // Knows an authority once it was added, until it is deleted.
  const std::string known = path("known");
  program("certutil", "case \"$3\" in -L) test -e " + known + " ;; -A) touch " + known +
                          " ;; -D) rm " + known + " ;; esac");
  EXPECT_FALSE(store_.trusts(authority_));
  ASSERT_TRUE(store_.trust(authority_));
  EXPECT_TRUE(store_.trusts(authority_));
  const std::string database = "/certutil -d sql:" + path("nssdb");
  EXPECT_NE(calls().find(database + " -A -t C,, -n holdfast-1a2b3c4d -i " + authority_.file + "\n"),
            std::string::npos)
      << calls();
  ASSERT_TRUE(store_.untrust(authority_));
  EXPECT_FALSE(store_.trusts(authority_));
  EXPECT_NE(calls().find(database + " -D -n holdfast-1a2b3c4d\n"), std::string::npos) << calls();
  ASSERT_TRUE(store_.untrust(authority_)) << "a repeat does nothing";
}

TEST_F(NssStoreTest, WithoutItsProgramAPersonIsToldWhatToDo) {
  ::setenv("PATH", bin_.c_str(), 1);
  if (!find_program("certutil").empty()) GTEST_SKIP() << "certutil lies with root's programs";
  const auto outcome = store_.trust(authority_);
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message.find("libnss3-tools"), std::string::npos);
  EXPECT_NE(outcome.error().hint->find(authority_.file), std::string::npos);
}

TEST_F(NssStoreTest, DatabasesOfEveryBrowserAndProfileAreFound) {
  for (const char* folder :
       {".pki/nssdb", ".mozilla/firefox/abc.default", ".mozilla/firefox/work"}) {
    fs::create_directories(path(folder));
    write_file(path(folder) + "/cert9.db", "", 0600);
  }
  fs::create_directories(path(".mozilla/firefox/Crash Reports"));
  std::vector<std::string> names;
  for (const auto& store : browser_stores(path(""))) names.push_back(store->name());
  std::sort(names.begin(), names.end());
  ASSERT_EQ(names.size(), 3u);
  EXPECT_TRUE(names[0].starts_with("Chromium (")) << names[0];
  EXPECT_TRUE(names[1].find("abc.default") != std::string::npos) << names[1];
  EXPECT_TRUE(names[2].find("work") != std::string::npos) << names[2];
}

TEST(ProgramTest, GivesStatusAndBothOutputsAndNoShellSeesTheWords) {
  const auto ended = run_program(
      {"sh", "-c", "echo out; echo err >&2; echo \"$1\"; exit 7", "sh", "$(touch /nowhere); 'x'"});
  EXPECT_EQ(ended.status, 7);
  EXPECT_EQ(ended.output, "out\nerr\n$(touch /nowhere); 'x'\n");
}

TEST(ProgramTest, WhatIsNotThereIs127) {
  EXPECT_EQ(run_program({"holdfast-has-no-such-program"}).status, 127);
  EXPECT_EQ(find_program("holdfast-has-no-such-program"), "");
  EXPECT_NE(find_program("sh"), "");
}

}  // namespace
}  // namespace holdfast::certs
