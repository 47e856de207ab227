#include "routes/error_response.h"

#include <gtest/gtest.h>

namespace holdfast::routes {
namespace {

int status(const char* code, bool signed_in = false) {
  return error_response(invalid_request(code, "m"), signed_in).status;
}

TEST(ErrorResponseTest, StatusesAreThoseOfPostgrestsTable) {
  EXPECT_EQ(status("PGRST100"), 400);
  EXPECT_EQ(status("PGRST103"), 416);
  EXPECT_EQ(status("PGRST116"), 406);
  EXPECT_EQ(status("PGRST201"), 300);
  EXPECT_EQ(status("PGRST205"), 404);
  EXPECT_EQ(status("PGRST301"), 401);
  EXPECT_EQ(status("22P02"), 400);
  EXPECT_EQ(status("23502"), 400);
  EXPECT_EQ(status("23503"), 409);
  EXPECT_EQ(status("23505"), 409);
  EXPECT_EQ(status("25006"), 405);
  EXPECT_EQ(status("42P01"), 404);
  EXPECT_EQ(status("53300"), 503);
  EXPECT_EQ(status("PT418"), 418);
  EXPECT_EQ(status("HF504"), 504);
}

TEST(ErrorResponseTest, APermissionThatFailsIs401OnlyWithoutASignIn) {
  EXPECT_EQ(status("42501", false), 401);
  EXPECT_EQ(status("42501", true), 403);
}

TEST(ErrorResponseTest, TheBodyHasTheFourKeys) {
  EXPECT_EQ(error_response(invalid_request("22P02", "say \"x\"")).body,
            R"({"code":"22P02","details":null,"hint":null,"message":"say \"x\""})");
}

// Clients repeat a 503 for seconds.
TEST(ErrorResponseTest, OfflineIs504) {
  EXPECT_EQ(error_response(not_answerable_offline("why")).status, 504);
}

}  // namespace
}  // namespace holdfast::routes
