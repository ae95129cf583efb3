// SPDX-License-Identifier: Apache-2.0
#include "engine/base/utc_text.h"

#include <gtest/gtest.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <limits>

namespace podtail {
namespace {

std::string Text(std::int64_t nanoseconds) {
  std::string out;
  AppendUtcText(Timestamp(Duration(nanoseconds)), &out);
  return out;
}

TEST(UtcText, HasNineDigitsAlways) {
  EXPECT_EQ(Text(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(Text(1), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(Text(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(Text(1'795'355'969'967'213'710), "2026-11-22T13:59:29.967213710Z");
  EXPECT_EQ(Text(951'782'400'000'000'000), "2000-02-29T00:00:00.000000000Z");
  EXPECT_EQ(Text(std::numeric_limits<std::int64_t>::min()), "1677-09-21T00:12:43.145224192Z");
  EXPECT_EQ(Text(std::numeric_limits<std::int64_t>::max()), "2262-04-11T23:47:16.854775807Z");
}

// Once in 5 hours or so, over all 585 years that a Timestamp has.
TEST(UtcText, AgreesWithTheCalendarOfTheCLibrary) {
  for (std::int64_t second = -9'223'372'036; second < 9'223'372'036; second += 18'013) {
    const time_t t = second;
    tm parts{};
    ASSERT_NE(gmtime_r(&t, &parts), nullptr);
    char expected[64];
    std::snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d.000000000Z",
                  parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                  parts.tm_min, parts.tm_sec);
    ASSERT_EQ(Text(second * 1'000'000'000), expected);
  }
}

}  // namespace
}  // namespace podtail
