// Holds time zones against a real PostgreSQL: names, offsets, moments and local times.

#include "cache/values/time_zone.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cache/values/codec.h"
#include "tests/support/postgres.h"

namespace holdfast::test {
namespace {

using cache::make_type;
using cache::TimeZone;

constexpr const char* kZones[] = {"UTC",
                                  "utc",
                                  "Europe/Berlin",
                                  "america/New_York",
                                  "Europe/Dublin",
                                  "Asia/Kolkata",
                                  "Asia/Kathmandu",
                                  "Australia/Lord_Howe",
                                  "America/St_Johns",
                                  "EST5EDT",
                                  "Africa/Casablanca",
                                  "Pacific/Apia",
                                  "America/Sao_Paulo",
                                  "Antarctica/Troll",
                                  "CET",
                                  "+05:30",
                                  "-4",
                                  "5.5",
                                  "05:30",
                                  "-05:30",
                                  "GMT",
                                  "Etc/GMT+8",
                                  "posix/Asia/Tokyo"};

// Moments around changes of zones, far past and far future.
constexpr const char* kMoments[] = {"1800-01-01 00:00:00+00",
                                    "1893-03-31 23:06:32+00",
                                    "1945-05-24 00:00:00+00",
                                    "1970-01-01 00:00:00+00",
                                    "2011-12-30 10:00:00+00",
                                    "2019-12-31 23:59:59.999999+00",
                                    "2020-03-29 00:59:59+00",
                                    "2020-03-29 01:00:00+00",
                                    "2020-10-25 00:30:00+00",
                                    "2020-10-25 01:00:00+00",
                                    "2021-03-14 07:00:00+00",
                                    "2021-11-07 06:00:00+00",
                                    "2037-12-31 00:00:00+00",
                                    "2044-07-01 12:00:00+00",
                                    "2400-10-29 00:59:59+00",
                                    "5000-04-01 05:06:07.5+00",
                                    "4000-01-01 00:00:00+00 BC",
                                    "infinity",
                                    "-infinity"};

constexpr const char* kLocals[] = {
    "1800-01-01 00:00:00", "1970-06-01 00:00:00", "2020-03-29 02:00:00", "2020-03-29 02:30:00",
    "2020-03-29 03:00:00", "2020-10-25 02:00:00", "2020-10-25 02:30:00", "2020-10-25 03:00:00",
    "2021-03-14 02:30:00", "2021-11-07 01:30:00", "2011-12-30 12:00:00", "2018-11-04 00:30:00",
    "2050-03-27 02:30:00", "2050-10-30 02:30:00", "2020-04-05 01:45:00", "3000-12-31 23:59:59"};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class TimeZoneTest : public ::testing::Test {
 protected:
  static cache::Type zoned(const char* name) {
    auto zone = TimeZone::find(name);
    EXPECT_TRUE(zone) << name << ": " << zone.error().message;
    cache::Type type = make_type("timestamptz");
    if (zone) type.zone = *zone;
    return type;
  }

  const PostgresCluster postgres_;
};

TEST_F(TimeZoneTest, MomentsArePrintedAsASessionInTheZonePrintsThem) {
  std::string sql;
  for (const char* zone : kZones) {
    sql += std::string("SET timezone = '") + zone + "';\n";
    for (const char* moment : kMoments) {
      sql += std::string("SELECT x::text || '|' || to_json(x) FROM (SELECT '") + moment +
             "'::timestamptz AS x) s;\n";
    }
  }
  const auto expected = lines_of(postgres_.run(sql));
  std::size_t at = 0;
  for (const char* zone : kZones) {
    const cache::Type type = zoned(zone);
    for (const char* moment : kMoments) {
      const auto value = cache::parse_text(type, moment);
      ASSERT_TRUE(value) << moment;
      std::string text;
      cache::print_text(type, view(*value), text);
      text += '|';
      cache::print_json(type, view(*value), text);
      EXPECT_EQ(text, expected.at(at++)) << zone << " at " << moment;
    }
  }
}

TEST_F(TimeZoneTest, LocalTimesMeanTheMomentThatPostgresTakes) {
  std::string sql;
  for (const char* zone : kZones) {
    for (const char* local : kLocals) {
      sql += std::string("SET timezone = '") + zone + "'; SELECT '" + local +
             "'::timestamptz AT TIME ZONE 'UTC';\n";
    }
  }
  const auto expected = lines_of(postgres_.run(sql));
  std::size_t at = 0;
  for (const char* zone : kZones) {
    for (const char* local : kLocals) {
      const auto value = cache::parse_operand(zoned(zone), local);
      ASSERT_TRUE(value) << local;
      std::string text;
      cache::print_text(make_type("timestamp"), view(*value), text);
      EXPECT_EQ(text, expected.at(at++)) << zone << " at " << local;
    }
  }
}

TEST(TimeZoneNameTest, WhatIsNoZoneIsRefusedInPostgresWords) {
  const auto unknown = TimeZone::find("Invalid/Timezone");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "22023");
  EXPECT_EQ(unknown.error().message,
            "invalid value for parameter \"TimeZone\": \"Invalid/Timezone\"");
  const auto leap = TimeZone::find("05:30:15");
  ASSERT_FALSE(leap);
  EXPECT_EQ(leap.error().message, "time zone \"05:30:15\" appears to use leap seconds");
  EXPECT_EQ(leap.error().details, "PostgreSQL does not support leap seconds.");
}

TEST(TimeZoneNameTest, FormsThatAreNotReadAreForwarded) {
  for (const char* name : {"ABC5", "<+03>-3", "right/UTC", "interval '1 hour'", "localtime", "168",
                           "../UTC", "zone.tab"}) {
    const auto zone = TimeZone::find(name);
    if (!zone) {
      EXPECT_TRUE(zone.error().code == cache::kForwardCode || name == std::string("../UTC"))
          << name;
    }
    EXPECT_FALSE(zone) << name;
  }
}

}  // namespace
}  // namespace holdfast::test
