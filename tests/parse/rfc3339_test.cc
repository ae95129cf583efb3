// SPDX-License-Identifier: Apache-2.0
// sources.md A.2, reliability.md D4 and D5, decision 9b.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "podtail/timestamp.h"

namespace podtail {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

// From the standard library's calendar, which the parser does not use.
Timestamp At(int y, unsigned m, unsigned d, int hour, int minute, int second,
             std::int64_t nanos = 0) {
  const sys_days date{year_month_day(year(y), month(m), day(d))};
  return Timestamp(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + std::chrono::nanoseconds(nanos);
}

struct Valid {
  const char* text;
  Timestamp time;
};

TEST(ParseRfc3339, ReadsWhatEachRuntimeWrites) {  // A.2, the table and its consequences
  const Valid table[] = {
      {"2026-11-22T13:59:29.96721371Z", At(2026, 11, 22, 13, 59, 29, 967213710)},
      {"2026-11-22T22:59:31.420856123+09:00", At(2026, 11, 22, 13, 59, 31, 420856123)},
      {"2026-11-22T13:59:53.495157637+00:00", At(2026, 11, 22, 13, 59, 53, 495157637)},
      {"2024-01-02T03:04:05.12Z", At(2024, 1, 2, 3, 4, 5, 120000000)},
      {"2024-01-02T03:04:05Z", At(2024, 1, 2, 3, 4, 5)},
      {"2024-01-02T03:04:05.000000001Z", At(2024, 1, 2, 3, 4, 5, 1)},
      {"2024-01-02T03:04:05.123456789+05:45", At(2024, 1, 1, 21, 19, 5, 123456789)},
      {"2024-01-02T03:04:05+05:30", At(2024, 1, 1, 21, 34, 5)},
      {"2024-01-02T03:04:05-03:30", At(2024, 1, 2, 6, 34, 5)},
      {"2024-01-02T03:04:05-00:00", At(2024, 1, 2, 3, 4, 5)},
      {"2024-01-02T03:04:05+23:59", At(2024, 1, 1, 3, 5, 5)},
      {"2024-01-02T03:04:05-23:59", At(2024, 1, 3, 3, 3, 5)},
      {"1970-01-01T00:00:00Z", At(1970, 1, 1, 0, 0, 0)},
      {"1969-12-31T23:59:59.999999999Z", At(1969, 12, 31, 23, 59, 59, 999999999)},
      {"2000-02-29T12:00:00+14:00", At(2000, 2, 28, 22, 0, 0)},
      // RFC 3339 section 5.6 allows the lower case.
      {"2024-01-02t03:04:05z", At(2024, 1, 2, 3, 4, 5)},
  };
  for (const Valid& row : table) {
    const auto parsed = ParseRfc3339(row.text);
    ASSERT_TRUE(parsed) << row.text;
    EXPECT_EQ(parsed->time, row.time) << row.text;
    EXPECT_FALSE(parsed->clamped) << row.text;
  }
}

TEST(ParseRfc3339, RefusesWhatIsNoTimestamp) {  // D4
  const char* const table[] = {
      "",
      "Z",
      "2024-01-02",
      "2024-01-02T03:04:05",
      "2024-01-02T03:04:05.123",
      "2024-01-02T03:04:05.Z",
      "2024-01-02T03:04:05.+00:00",
      "2024-01-02T03:04:05,123Z",
      "2024-01-02T03:04:05.12 Z",
      "2024-01-02T03:04:05.-1Z",
      "2024-01-02T03:04:05.1e3Z",
      "2024-01-02 03:04:05Z",
      "2024-01-02T03:04Z",
      "2024-01-02T03:04:05ZZ",
      "2024-01-02T03:04:05Z ",
      " 2024-01-02T03:04:05Z",
      "2024-1-2T03:04:05Z",
      "24-01-02T03:04:05Z",
      "10000-01-01T00:00:00Z",
      "+2024-01-02T03:04:05Z",
      "-024-01-02T03:04:05Z",
      "2024-00-02T03:04:05Z",
      "2024-13-02T03:04:05Z",
      "2024-01-00T03:04:05Z",
      "2024-01-32T03:04:05Z",
      "2024-04-31T03:04:05Z",
      "2023-02-29T03:04:05Z",
      "2024-02-30T03:04:05Z",
      "1900-02-29T03:04:05Z",
      "2024-01-02T24:00:00Z",
      "2024-01-02T03:60:05Z",
      "2024-01-02T03:04:61Z",
      "2024-01-02T03:04:05+24:00",
      "2024-01-02T03:04:05+01:60",
      "2024-01-02T03:04:05+0100",
      "2024-01-02T03:04:05+01",
      "2024-01-02T03:04:05+01:0",
      "2024-01-02T03:04:05+1:00",
      "2024-01-02T03:04:05*01:00",
      "2024/01/02T03:04:05Z",
      "2024-01-02T03.04.05Z",
      "abcZ",
  };
  for (const char* text : table) EXPECT_FALSE(ParseRfc3339(text)) << text;
}

TEST(ParseRfc3339, RefusesAnyByteThatIsNoDigitWhereOneBelongs) {
  const std::string good = "2024-01-02T03:04:05.123456789+05:45";
  ASSERT_TRUE(ParseRfc3339(good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = good;
      text[i] = static_cast<char>(byte);
      const bool digit = byte >= '0' && byte <= '9';
      if (good[i] >= '0' && good[i] <= '9' && !digit && ParseRfc3339(text)) {
        ADD_FAILURE() << "byte " << byte << " at " << i;
      }
      if (digit && !(good[i] >= '0' && good[i] <= '9') && i != 19) {
        EXPECT_FALSE(ParseRfc3339(text)) << text;
      }
    }
  }
}

TEST(ParseRfc3339, CutsTheFractionBehindNineDigitsAndNeverRounds) {  // A.2, D4
  std::string digits;
  std::int64_t nanos = 0, scale = 100000000;
  for (int length = 1; length <= 30; ++length) {
    digits.push_back(static_cast<char>('0' + (length * 7 + 2) % 10));
    if (scale > 0) nanos += (digits.back() - '0') * scale;
    scale /= 10;
    const auto parsed = ParseRfc3339("2024-01-02T03:04:05." + digits + "+00:00");
    ASSERT_TRUE(parsed) << digits;
    EXPECT_EQ(parsed->time, At(2024, 1, 2, 3, 4, 5, nanos)) << digits;
    EXPECT_FALSE(parsed->clamped);
  }
  EXPECT_EQ(ParseRfc3339("2024-01-02T03:04:05.9999999999999999Z")->time,
            At(2024, 1, 2, 3, 4, 5, 999999999));
}

TEST(ParseRfc3339, GivesAShorterFractionTheSameValueAsItsZeros) {
  // containerd removes trailing zeros: 10 % of its lines have fewer than nine digits.
  for (int value = 0; value < 1000000000; value += 7654321) {
    char digits[16];
    std::snprintf(digits, sizeof digits, "%09d", value);
    std::string shorter = digits;
    while (!shorter.empty() && shorter.back() == '0') shorter.pop_back();
    const std::string head = "2026-11-22T13:59:29";
    const auto full = ParseRfc3339(head + "." + digits + "Z");
    const auto trimmed = ParseRfc3339(head + (shorter.empty() ? "" : "." + shorter) + "Z");
    ASSERT_TRUE(full && trimmed) << digits;
    EXPECT_EQ(full->time, trimmed->time) << digits;
    EXPECT_EQ(full->time, At(2026, 11, 22, 13, 59, 29, value));
  }
}

TEST(ParseRfc3339, AgreesWithTheCalendarOnEveryDayOfManyYears) {
  std::vector<int> years = {1678, 1700, 1800, 1899, 1900, 1901, 1969, 1970, 1972, 1999, 2000,
                            2001, 2023, 2024, 2026, 2038, 2099, 2100, 2101, 2200, 2261};
  for (const int y : years) {
    for (unsigned m = 0; m <= 13; ++m) {
      for (unsigned d = 0; d <= 32; ++d) {
        char text[64];
        std::snprintf(text, sizeof text, "%04d-%02u-%02uT23:59:58.000000007Z", y, m, d);
        const auto parsed = ParseRfc3339(text);
        const bool exists = year_month_day(year(y), month(m), day(d)).ok();
        ASSERT_EQ(parsed.has_value(), exists) << text;
        if (!exists) continue;
        ASSERT_EQ(parsed->time, At(y, m, d, 23, 59, 58, 7)) << text;
      }
    }
  }
}

TEST(ParseRfc3339, AcceptsEveryDayOfEveryYearThatExistsAndNoOther) {
  for (int y = 0; y <= 9999; ++y) {
    const bool leap = year(y).is_leap();
    char text[64];
    std::snprintf(text, sizeof text, "%04d-02-29T00:00:00Z", y);
    ASSERT_EQ(ParseRfc3339(text).has_value(), leap) << text;
  }
}

TEST(ParseRfc3339, AcceptsEveryMinuteOfTheDayAndEveryOffset) {
  for (int a = 0; a < 100; ++a) {
    for (int b = 0; b < 100; ++b) {
      char text[64];
      const bool exists = a <= 23 && b <= 59;
      std::snprintf(text, sizeof text, "2024-03-01T%02d:%02d:00Z", a, b);
      const auto local = ParseRfc3339(text);
      ASSERT_EQ(local.has_value(), exists) << text;
      std::snprintf(text, sizeof text, "2024-03-01T00:00:00+%02d:%02d", a, b);
      const auto east = ParseRfc3339(text);
      ASSERT_EQ(east.has_value(), exists) << text;
      if (!exists) continue;
      ASSERT_EQ(local->time, At(2024, 3, 1, a, b, 0)) << text;
      ASSERT_EQ(east->time, At(2024, 3, 1, -a, -b, 0)) << text;
    }
  }
}

TEST(ParseRfc3339, MovesALeapSecondToTheLastNanosecondBeforeIt) {  // 9b, D4
  const Valid table[] = {
      {"2016-12-31T23:59:60Z", At(2016, 12, 31, 23, 59, 59, 999999999)},
      {"2016-12-31T23:59:60.500000000Z", At(2016, 12, 31, 23, 59, 59, 999999999)},
      {"1990-12-31T15:59:60-08:00", At(1990, 12, 31, 23, 59, 59, 999999999)},
      {"2017-01-01T08:59:60+09:00", At(2016, 12, 31, 23, 59, 59, 999999999)},
      {"2016-03-01T05:29:60+05:30", At(2016, 2, 29, 23, 59, 59, 999999999)},
      {"2015-06-30T23:59:60+00:00", At(2015, 6, 30, 23, 59, 59, 999999999)},
      {"2024-02-29T23:59:60Z", At(2024, 2, 29, 23, 59, 59, 999999999)},
  };
  for (const Valid& row : table) {
    const auto parsed = ParseRfc3339(row.text);
    ASSERT_TRUE(parsed) << row.text;
    EXPECT_EQ(parsed->time, row.time) << row.text;
    EXPECT_TRUE(parsed->clamped) << row.text;
  }
}

TEST(ParseRfc3339, RefusesSecond60WhereUtcHasNoLeapSecond) {  // 9b
  const char* const table[] = {
      "2016-12-30T23:59:60Z",       // not the last day
      "2016-12-31T23:58:60Z",       // not the last minute
      "2016-12-31T22:59:60Z",       // not the last hour
      "2016-12-31T23:59:60+09:00",  // 14:59:60 in UTC
      "2017-01-01T00:00:60Z",      "2024-02-28T23:59:60Z", "2017-01-02T08:59:60+09:00",
  };
  for (const char* text : table) EXPECT_FALSE(ParseRfc3339(text)) << text;
}

TEST(ParseRfc3339, MovesTimesBeyond64BitsToTheNearestOne) {  // 9b, D5
  const char* const early[] = {
      "0000-01-01T00:00:00Z", "0000-01-01T00:00:00+23:59",      "0000-02-29T00:00:00Z",
      "1600-01-01T00:00:00Z", "1677-09-21T00:12:43.145224191Z", "1677-09-21T00:12:42Z",
  };
  for (const char* text : early) {
    const auto parsed = ParseRfc3339(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->time, Timestamp::min()) << text;
    EXPECT_TRUE(parsed->clamped) << text;
  }
  const char* const late[] = {"2262-04-11T23:47:16.854775808Z", "2262-04-11T23:47:17Z",
                              "2300-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-23:59"};
  for (const char* text : late) {
    const auto parsed = ParseRfc3339(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->time, Timestamp::max()) << text;
    EXPECT_TRUE(parsed->clamped) << text;
  }
}

TEST(ParseRfc3339, KeepsTheFirstAndTheLastExactValue) {  // D5
  for (const auto& [text, time] :
       {Valid{"1677-09-21T00:12:43.145224192Z", Timestamp::min()},
        Valid{"1677-09-21T00:12:44Z", Timestamp::min() + Duration(854775808)},
        Valid{"2262-04-11T23:47:16.854775807Z", Timestamp::max()},
        Valid{"2262-04-11T23:47:16Z", Timestamp::max() - Duration(854775807)}}) {
    const auto parsed = ParseRfc3339(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->time, time) << text;
    EXPECT_FALSE(parsed->clamped) << text;
  }
}

}  // namespace
}  // namespace podtail
