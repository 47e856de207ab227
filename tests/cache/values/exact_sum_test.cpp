// Holds sums and averages against a real PostgreSQL.

#include "cache/values/exact_sum.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "cache/values/float.h"
#include "cache/values/numeric.h"
#include "tests/support/postgres.h"

namespace holdfast::test {
namespace {

class ExactSumTest : public ::testing::Test {
 protected:
  std::string digits(int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += static_cast<char>('0' + random_() % 10);
    return out;
  }

  std::string number() {
    if (random_() % 60 == 0) return random_() % 2 == 0 ? "NaN" : "Infinity";
    std::string out = random_() % 2 == 0 ? "-" : "";
    out += random_() % 4 == 0 ? "0" : digits(1 + static_cast<int>(random_() % 25));
    if (random_() % 2 == 0) out += "." + digits(1 + static_cast<int>(random_() % 30));
    return *cache::parse_numeric(out);
  }

  static std::string list(const std::vector<std::string>& numbers) {
    std::string out;
    for (const auto& each : numbers) out += (out.empty() ? "('" : ",('") + each + "')";
    return out;
  }

  std::mt19937_64 random_{20261121};
  const PostgresCluster postgres_;
};

TEST_F(ExactSumTest, SumsAndAveragesOfDecimalsHavePostgresDigits) {
  std::vector<std::vector<std::string>> lists = {{"1", "2"},
                                                 {"0"},
                                                 {"0.00", "0"},
                                                 {"0.0001", "0.0002", "0"},
                                                 {"9999", "1"},
                                                 {"10000"},
                                                 {"-1", "1", "1"},
                                                 {"1", "1", "0"},
                                                 {"20000", "20001", "1"},
                                                 {"-Infinity", "Infinity"},
                                                 {"-Infinity", "1"},
                                                 {"99999999999999999999", "1"},
                                                 {"0.000000009", "0.0000000001", "7"}};
  for (int i = 0; i < 400; ++i) {
    auto& numbers = lists.emplace_back();
    const auto count = 1 + random_() % (i % 9 == 0 ? 300 : 6);
    for (std::uint64_t n = 0; n < count; ++n) numbers.push_back(number());
  }
  std::string sql;
  for (const auto& numbers : lists) {
    sql += "SELECT sum(x::numeric), avg(x::numeric) FROM (VALUES " + list(numbers) + ") v(x);\n";
  }
  std::istringstream theirs(postgres_.run(sql));
  for (const auto& numbers : lists) {
    cache::DecimalSum sum;
    for (const auto& each : numbers) sum.add(each);
    std::string line;
    std::getline(theirs, line);
    EXPECT_EQ(sum.sum() + "|" + sum.average().value_or("none"), line) << list(numbers);
  }
}

TEST_F(ExactSumTest, ASumOfFloatsIsGivenWhenEveryOrderOfRowsGivesIt) {
  std::vector<std::vector<std::string>> lists = {
      {"0.5", "0.25"}, {"1e16", "1", "-1e16"}, {"0.1"},          {"0"},
      {"-3", "3"},     {"1e-320", "2e-320"},   {"16777216", "1"}};
  for (int i = 0; i < 200; ++i) {
    auto& numbers = lists.emplace_back();
    for (int n = 0; n < 8; ++n) {
      numbers.push_back(std::to_string(static_cast<int>(random_() % 4000) - 2000) +
                        (i % 3 == 0 ? ".1" : ".125") + "e" + std::to_string(random_() % 5));
    }
  }
  std::string sql;
  for (const auto& numbers : lists) {
    sql +=
        "SELECT a, b, c FROM (SELECT sum(x::float8 ORDER BY x::float8) a, avg(x::float8) c, "
        "sum(x::float8 ORDER BY abs(x::float8) DESC) b FROM (VALUES " +
        list(numbers) + ") v(x)) s;\n";
  }
  std::istringstream theirs(postgres_.run(sql));
  std::string line;
  int given = 0;
  for (const auto& numbers : lists) {
    cache::FloatSum sum(53);
    for (const auto& each : numbers) sum.add(*cache::parse_float8(each));
    std::getline(theirs, line);
    if (!sum.sum()) continue;
    ++given;
    std::string text;
    cache::print_float8(*sum.sum(), text);
    std::string mean;
    cache::print_float8(*sum.sum() / static_cast<double>(sum.count()), mean);
    EXPECT_EQ(text + "|" + text + "|" + mean, line) << list(numbers);
  }
  EXPECT_GT(given, 60);
}

TEST(FloatSumTest, ItIsRefusedWhereRoundingMayDiffer) {
  cache::FloatSum mixed(53);
  for (const double value : {1e16, 1.0, -1e16}) mixed.add(value);
  EXPECT_FALSE(mixed.sum());
  cache::FloatSum real(24);
  for (const double value : {16777216.0, 1.0}) real.add(value);
  EXPECT_FALSE(real.sum());
}

}  // namespace
}  // namespace holdfast::test
