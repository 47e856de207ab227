#include "certs/local_authority.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "gateway/base/files.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace holdfast::certs {
namespace {

using std::chrono::hours;
using Names = std::vector<std::string>;

class LocalAuthorityTest : public ::testing::Test {
 protected:
  LocalAuthorityTest() {
    options_.folder = (folder_.path() / "data" / "certs").string();
    options_.names = {"abcd.localhost"};
  }

  LocalAuthority authority() const { return {options_, clock_}; }
  unsigned mode_of(const std::string& file) const {
    struct stat found = {};
    EXPECT_EQ(::stat((options_.folder + file).c_str(), &found), 0) << file;
    return found.st_mode & 0777;
  }

  const support::TempDir folder_;
  support::ManualClock clock_;
  CertificateOptions options_;
};

TEST_F(LocalAuthorityTest, MakesAnAuthorityAndACertificateForThisMachineOnce) {
  EXPECT_FALSE(authority().authority());
  EXPECT_EQ(authority().renewal_reason(), "there is none yet");
  ASSERT_TRUE(authority().init());
  const auto made = authority().certificate();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->names(), (Names{"localhost", "127.0.0.1", "::1", "abcd.localhost"}));
  EXPECT_TRUE(made->is_issued_by(*authority().authority()));
  EXPECT_FALSE(authority().init());
  EXPECT_EQ(authority().certificate()->fingerprint(), made->fingerprint());
}

TEST_F(LocalAuthorityTest, KeysAreForTheirOwnerAlone) {
  ::umask(0);
  authority().init();
  EXPECT_EQ(mode_of("/authority.key"), 0600u);
  EXPECT_EQ(mode_of("/server.pem"), 0600u);
  EXPECT_EQ(mode_of("/authority.pem"), 0644u);
  EXPECT_EQ(mode_of(""), 0700u);
  EXPECT_EQ(mode_of("/.."), 0700u);
  ::umask(022);
}

TEST_F(LocalAuthorityTest, ACertificateLastsForDaysAndIsRenewedInTime) {
  authority().init();
  const auto first = authority().certificate();
  EXPECT_EQ(first->validity().until, clock_.now() + hours(24 * 30));
  clock_.advance(hours(24 * 20 - 1));
  EXPECT_EQ(authority().renewal_reason(), "");
  EXPECT_FALSE(*authority().renew_if_due());
  clock_.advance(hours(2));
  EXPECT_NE(authority().renewal_reason(), "");
  EXPECT_TRUE(*authority().renew_if_due());
  const auto second = authority().certificate();
  EXPECT_NE(second->fingerprint(), first->fingerprint());
  EXPECT_NE(second->pin(), first->pin()) << "a new one has a key of its own";
  EXPECT_TRUE(second->is_issued_by(*authority().authority()));
  EXPECT_EQ(authority().renewal_reason(), "");
}

TEST_F(LocalAuthorityTest, AClockThatWasAheadDoesNotLeaveACertificateForLater) {
  authority().init();
  clock_.set(clock_.now() - hours(24 * 400));
  EXPECT_NE(authority().renewal_reason(), "");
  EXPECT_TRUE(*authority().renew_if_due());
  EXPECT_LE(authority().certificate()->validity().from, clock_.now());
}

TEST_F(LocalAuthorityTest, AnotherNameMeansANewCertificate) {
  authority().init();
  options_.names.push_back("other.localhost");
  EXPECT_EQ(authority().renewal_reason(), "it is not for other.localhost");
  EXPECT_TRUE(*authority().renew_if_due());
  EXPECT_EQ(authority().certificate()->names().back(), "other.localhost");
}

TEST_F(LocalAuthorityTest, ANameThatTheAuthorityMustNotIssueForIsLeftOut) {
  authority().init();
  options_.names.push_back("till.shop.example");
  EXPECT_EQ(authority().names_left_out(), Names{"till.shop.example"});
  EXPECT_EQ(authority().renewal_reason(), "");
  authority().replace();
  EXPECT_EQ(authority().names_left_out(), Names{});
  EXPECT_EQ(authority().certificate()->names().back(), "till.shop.example");
}

TEST_F(LocalAuthorityTest, NoCertificateOutlivesTheAuthority) {
  authority().init();
  const auto end = authority().authority()->validity().until;
  clock_.set(end - hours(24 * 5));
  EXPECT_TRUE(*authority().renew_if_due());
  EXPECT_EQ(authority().certificate()->validity().until, end);
  EXPECT_FALSE(*authority().renew_if_due()) << "there is nothing longer to be had";
  clock_.set(end + hours(1));
  const auto late = authority().renew_if_due();
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().message.find("--replace"), std::string::npos) << late.error().message;
}

TEST_F(LocalAuthorityTest, ReplacingMakesAnAuthorityOfAnotherName) {
  authority().init();
  const auto first = authority().authority();
  authority().replace();
  EXPECT_NE(authority().authority()->common_name(), first->common_name());
  EXPECT_FALSE(authority().certificate()->is_issued_by(*first));
  EXPECT_TRUE(authority().certificate()->is_issued_by(*authority().authority()));
}

TEST_F(LocalAuthorityTest, WhatACrashLeftIsMadeWhole) {
  authority().init();
  const auto before = authority().authority()->fingerprint();
  std::filesystem::remove(authority().certificate_file());
  EXPECT_TRUE(authority().init());
  EXPECT_EQ(authority().authority()->fingerprint(), before);
  EXPECT_TRUE(authority().certificate());
  std::filesystem::remove(authority().authority_file());
  EXPECT_TRUE(authority().init());
  EXPECT_TRUE(authority().certificate()->is_issued_by(*authority().authority()));
}

TEST_F(LocalAuthorityTest, ACertificateOfAnotherKeyOrAuthorityCountsAsNone) {
  authority().init();
  const auto issued = authority().certificate();
  write_file(authority().certificate_file(), crypto::SigningKey::generate().pem() + issued->pem(),
             0600);
  EXPECT_FALSE(authority().certificate());
  EXPECT_TRUE(*authority().renew_if_due());
  EXPECT_TRUE(authority().certificate());
}

TEST_F(LocalAuthorityTest, RenewingWithoutAnAuthoritySaysWhatToDo) {
  const auto renewed = authority().renew();
  ASSERT_FALSE(renewed);
  EXPECT_NE(renewed.error().message.find("holdfast certs init"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::certs
