#include "queue/answer_class.h"

#include <gtest/gtest.h>

namespace holdfast::queue {
namespace {

upstream::Answer answer(int status, std::string body, const char* type = "application/json") {
  upstream::Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  if (type != nullptr) answer.headers.add("Content-Type", type);
  return answer;
}

AnswerClass class_of(int status, const std::string& code) {
  return classify(answer(status, R"({"code":")" + code + R"(","message":"m"})")).kind;
}

// Between its uninstallation and the API's reload.
TEST(AnswerClassTest, ACompanionThatIsBeingTakenAwayRefusesNothing) {
  const auto with = [](const std::string& code, const std::string& message) {
    return classify(answer(404, R"({"code":")" + code + R"(","message":")" + message + "\"}")).kind;
  };
  EXPECT_EQ(with("3F000", R"(schema \"holdfast\" does not exist)"), AnswerClass::kTransient);
  EXPECT_EQ(with("42883", "function holdfast.sweep() does not exist"), AnswerClass::kTransient);
  EXPECT_EQ(with("42P01", R"(relation \"holdfast.applied\" does not exist)"),
            AnswerClass::kTransient);
  const auto own = class_of(404, "42883");
  EXPECT_NE(own, AnswerClass::kTransient);
  EXPECT_EQ(with("42883", "function myholdfast.f() does not exist"), own);
}

// Hard case 11.
TEST(AnswerClassTest, OnlyWhatLooksLikePostgrestCounts) {
  EXPECT_EQ(classify(answer(201, "[]")).kind, AnswerClass::kApplied);
  EXPECT_EQ(classify(answer(200, "[]", "application/json; charset=utf-8")).kind,
            AnswerClass::kApplied);
  EXPECT_EQ(classify(answer(204, "", nullptr)).kind, AnswerClass::kApplied);
  EXPECT_EQ(classify(answer(201, "", nullptr)).kind, AnswerClass::kApplied);
  // A captive portal.
  EXPECT_EQ(classify(answer(200, "<html>", "text/html")).kind, AnswerClass::kTransient);
  EXPECT_EQ(classify(answer(200, "", nullptr)).kind, AnswerClass::kTransient);
  EXPECT_EQ(classify(answer(302, "", nullptr)).kind, AnswerClass::kTransient);
  EXPECT_EQ(classify(answer(307, "{}")).kind, AnswerClass::kTransient);
  EXPECT_EQ(classify(answer(202, "[]")).kind, AnswerClass::kTransient);
  // A firewall, and a proxy's own errors.
  EXPECT_EQ(classify(answer(403, "<html>Forbidden", "text/html")).kind, AnswerClass::kTransient);
  EXPECT_EQ(classify(answer(404, "not here", "text/plain")).kind, AnswerClass::kTransient);
  EXPECT_EQ(classify(answer(403, R"({"message":"no"})")).kind, AnswerClass::kTransient);
  EXPECT_EQ(classify(answer(403, R"({"code":403,"message":"no"})")).kind, AnswerClass::kTransient);
  EXPECT_EQ(classify(answer(502, "", nullptr)).kind, AnswerClass::kTransient);
}

TEST(AnswerClassTest, ACodeDecides) {
  EXPECT_EQ(class_of(403, "42501"), AnswerClass::kNotPermitted);
  EXPECT_EQ(class_of(401, "42501"), AnswerClass::kNotPermitted);
  EXPECT_EQ(class_of(409, "23505"), AnswerClass::kDuplicate);
  EXPECT_EQ(class_of(409, "23503"), AnswerClass::kMissingParent);
  EXPECT_EQ(class_of(400, "P0001"), AnswerClass::kRaised);
  EXPECT_EQ(class_of(400, "23514"), AnswerClass::kRefused);
  EXPECT_EQ(class_of(400, "PGRST204"), AnswerClass::kSchemaChanged);
  EXPECT_EQ(class_of(404, "PGRST205"), AnswerClass::kSchemaChanged);
  EXPECT_EQ(class_of(402, "PT402"), AnswerClass::kRefused);
}

TEST(AnswerClassTest, WhatPassesByItselfIsTriedAgain) {
  for (const char* code : {"08006", "53300", "57014", "57P01", "40001", "40P01", "55P03", "25006",
                           "PGRST000", "PGRST001", "PGRST002", "PGRST003"}) {
    EXPECT_EQ(class_of(500, code), AnswerClass::kTransient) << code;
  }
  EXPECT_EQ(class_of(429, "over_request_rate_limit"), AnswerClass::kTransient);
  EXPECT_EQ(class_of(500, "XX000"), AnswerClass::kServerError);
  EXPECT_EQ(class_of(500, "42P17"), AnswerClass::kServerError);
}

TEST(AnswerClassTest, ARefusedTokenIsNoRefusedWrite) {
  EXPECT_EQ(class_of(401, "PGRST301"), AnswerClass::kToken);
  EXPECT_EQ(class_of(401, "PGRST303"), AnswerClass::kToken);
}

TEST(AnswerClassTest, RetryAfterMayBeADate) {
  auto busy = answer(503, "");
  busy.date = parse_http_date("Sun, 22 Nov 2026 12:00:00 GMT");
  busy.headers.add("Retry-After", "Sun, 22 Nov 2026 12:00:05 GMT");
  EXPECT_EQ(classify(busy).retry_after, std::chrono::seconds(5));
  busy.headers.set("Retry-After", "Sun, 22 Nov 2026 11:00:00 GMT");
  EXPECT_EQ(classify(busy).retry_after, std::nullopt);
}

TEST(AnswerClassTest, RetryAfterIsReadInSeconds) {
  auto busy = answer(429, "");
  busy.headers.add("Retry-After", "17");
  EXPECT_EQ(classify(busy).retry_after, std::chrono::seconds(17));
  busy.headers.set("Retry-After", "soon");
  EXPECT_EQ(classify(busy).retry_after, std::nullopt);
}

}  // namespace
}  // namespace holdfast::queue
