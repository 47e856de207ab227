#include "gateway/crypto/seal.h"

#include <gtest/gtest.h>

namespace holdfast::crypto {
namespace {

const std::string kKey(kSealKeySize, 'k');

TEST(Seal, WhatWasSealedOpensUnderTheSameKeyAndLabel) {
  const std::string sealed = seal(kKey, "a refresh token", "session:1");
  EXPECT_EQ(sealed.find("refresh"), std::string::npos);
  EXPECT_EQ(open(kKey, sealed, "session:1"), "a refresh token");
  EXPECT_EQ(open(kKey, seal(kKey, "", "empty"), "empty"), "");
}

TEST(Seal, AnotherKeyOrLabelOpensNothing) {
  const std::string sealed = seal(kKey, "a refresh token", "session:1");
  EXPECT_EQ(open(std::string(kSealKeySize, 'x'), sealed, "session:1"), std::nullopt);
  EXPECT_EQ(open(kKey, sealed, "session:2"), std::nullopt);
}

TEST(Seal, AnAlteredByteIsNoticed) {
  const std::string sealed = seal(kKey, "a refresh token", "session:1");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_EQ(open(kKey, altered, "session:1"), std::nullopt) << i;
  }
  EXPECT_EQ(open(kKey, sealed.substr(0, 20), "session:1"), std::nullopt);
}

TEST(Seal, TheSameTextIsNeverSealedAlike) {
  EXPECT_NE(seal(kKey, "text", "label"), seal(kKey, "text", "label"));
}

}  // namespace
}  // namespace holdfast::crypto
