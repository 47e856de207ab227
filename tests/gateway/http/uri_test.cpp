#include "gateway/http/uri.h"

#include <gtest/gtest.h>

namespace holdfast::http {
namespace {

TEST(UriTest, APercentWithoutTwoDigitsStays) {
  EXPECT_EQ(percent_decode("a%20b+c"), "a b+c");
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%4g%41"), "%4gA");
}

TEST(UriTest, WhatIsEncodedDecodesToTheSame) {
  const std::string text = "a b/ü?&=+%~-._";
  EXPECT_EQ(percent_decode(percent_encode(text)), text);
  EXPECT_EQ(percent_encode("a b/~"), "a%20b%2F~");
}

TEST(UriTest, TheFirstOfTwoParametersCounts) {
  EXPECT_EQ(query_parameter("a=1&b=x+y%26&a=2&c", "a"), "1");
  EXPECT_EQ(query_parameter("a=1&b=x+y%26&a=2&c", "b"), "x y&");
  EXPECT_EQ(query_parameter("a=1&c", "c"), "");
  EXPECT_EQ(query_parameter("", "a"), "");
}

}  // namespace
}  // namespace holdfast::http
