// SPDX-License-Identifier: Apache-2.0
// The sizes and durations of cli.md (`64MiB`, `1GiB`, `1s`, `256KiB`) and of
// performance.md section 1 (`1G` is the 1 GiB corpus).
#include "tools/podtail/units.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace podtail {
namespace {

struct Size {
  const char* text;
  std::uint64_t bytes;
};

constexpr std::array<Size, 22> kSizes = {{
    {"0", 0},
    {"1", 1},
    {"4096", 4096},
    {"7B", 7},
    {"64MiB", 64ULL << 20},
    {"10Mi", 10ULL << 20},
    {"256KiB", 256ULL << 10},
    {"256Ki", 256ULL << 10},
    {"1K", 1024},
    {"1M", 1ULL << 20},
    {"1G", 1ULL << 30},
    {"1GiB", 1ULL << 30},
    {"2Ti", 2ULL << 40},
    {"500KB", 500'000},
    {"3MB", 3'000'000},
    {"1GB", 1'000'000'000},
    {"2TB", 2'000'000'000'000},
    {"64mib", 64ULL << 20},
    {"1.5GiB", 3ULL << 29},
    {"0.0005KB", 0},
    {"1.999999999999B", 1},
    {"9223372036854775807", 9'223'372'036'854'775'807ULL},
}};

TEST(ParseBytes, ReadsEveryUnit) {
  for (const Size& size : kSizes) {
    const auto bytes = ParseBytes(size.text);
    ASSERT_TRUE(bytes) << size.text;
    EXPECT_EQ(*bytes, size.bytes) << size.text;
  }
}

TEST(ParseBytes, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "-1", "+1", " 1", "MiB", ".5K", "all"}) {
    const auto bytes = ParseBytes(text);
    ASSERT_FALSE(bytes) << text;
    EXPECT_EQ(bytes.error(), UnitError::kNotANumber) << text;
  }
}

TEST(ParseBytes, RefusesUnknownUnits) {
  for (const char* text : {"1X", "64XB", "1 MiB", "1MiB ", "1MiBs", "1.", "1.K", "1e3", "0x10"}) {
    const auto bytes = ParseBytes(text);
    ASSERT_FALSE(bytes) << text;
    EXPECT_EQ(bytes.error(), UnitError::kUnknownUnit) << text;
  }
}

TEST(ParseBytes, RefusesWhatDoesNotFitSixtyThreeBits) {
  for (const char* text :
       {"9223372036854775808", "99999999999999999999999", "8388608TiB", "18446744073709551616"}) {
    ASSERT_FALSE(ParseBytes(text)) << text;
  }
  EXPECT_EQ(ParseBytes("8388608TiB").error(), UnitError::kTooLarge);
  EXPECT_EQ(ParseBytes("99999999999999999999999").error(), UnitError::kTooLarge);
  EXPECT_EQ(ParseBytes("8388607TiB").value(), 8388607ULL << 40);
}

struct Time {
  const char* text;
  std::int64_t nanoseconds;
};

constexpr std::array<Time, 13> kTimes = {{
    {"0", 0},
    {"0s", 0},
    {"1s", 1'000'000'000},
    {"500ms", 500'000'000},
    {"2m", 120'000'000'000},
    {"1h", 3'600'000'000'000},
    {"7us", 7'000},
    {"9ns", 9},
    {"1m30s", 90'000'000'000},
    {"1h1m1s1ms1us1ns", 3'661'001'001'001},
    {"0.25s", 250'000'000},
    {"1.000000001s", 1'000'000'001},
    {"0.0000000019s", 1},
}};

TEST(ParseDuration, ReadsEveryUnit) {
  for (const Time& time : kTimes) {
    const auto duration = ParseDuration(time.text);
    ASSERT_TRUE(duration) << time.text;
    EXPECT_EQ(duration->count(), time.nanoseconds) << time.text;
  }
}

TEST(ParseDuration, SaysWhatIsWrong) {
  EXPECT_EQ(ParseDuration("").error(), UnitError::kNotANumber);
  EXPECT_EQ(ParseDuration("s").error(), UnitError::kNotANumber);
  EXPECT_EQ(ParseDuration("-1s").error(), UnitError::kNotANumber);
  EXPECT_EQ(ParseDuration("5").error(), UnitError::kMissingUnit);
  EXPECT_EQ(ParseDuration("1m30").error(), UnitError::kMissingUnit);
  EXPECT_EQ(ParseDuration("5d").error(), UnitError::kUnknownUnit);
  EXPECT_EQ(ParseDuration("5S").error(), UnitError::kUnknownUnit);
  EXPECT_EQ(ParseDuration("1s 2s").error(), UnitError::kUnknownUnit);
  EXPECT_EQ(ParseDuration("3000000h").error(), UnitError::kTooLarge);
  EXPECT_EQ(ParseDuration("2562047h2562047h").error(), UnitError::kTooLarge);
}

TEST(UnitTexts, AreReadBackAsTheSameValue) {
  for (const Size& size : kSizes) {
    EXPECT_EQ(ParseBytes(BytesText(size.bytes)).value(), size.bytes) << BytesText(size.bytes);
  }
  for (const Time& time : kTimes) {
    const Duration duration(time.nanoseconds);
    EXPECT_EQ(ParseDuration(DurationText(duration)).value(), duration) << DurationText(duration);
  }
  EXPECT_EQ(BytesText(64ULL << 20), "64MiB");
  EXPECT_EQ(BytesText(500), "500B");
  EXPECT_EQ(BytesText(0), "0");
  EXPECT_EQ(DurationText(std::chrono::milliseconds(1500)), "1500ms");
  EXPECT_EQ(DurationText(std::chrono::seconds(60)), "1m");
  EXPECT_EQ(DurationText(Duration(0)), "0");
}

}  // namespace
}  // namespace podtail
