// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_FUZZ_SUPPORT_SLOW_RFC3339_H_
#define PODTAIL_FUZZ_SUPPORT_SLOW_RFC3339_H_
// The timestamps of sources.md A.2 once more: slow, obvious, and without a line
// in common with the parser. RE2 finds the fields, a table of all years counts
// the days, 128-bit integers hold the nanoseconds.
#include <re2/re2.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace podtail_fuzz {

__extension__ using Wide = __int128;

struct SlowTime {
  std::int64_t nanos;
  bool clamped;
};

inline re2::RE2::Options Bytes() {
  re2::RE2::Options options;
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  return options;
}

inline bool SlowLeap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

inline int SlowMonthDays(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && SlowLeap(year) ? 1 : 0);
}

// Days from 0000-01-01 to the first of January.
inline std::int64_t SlowDaysBeforeYear(int year) {
  static const auto* const table = [] {
    auto* days = new std::array<std::int64_t, 10000>;
    std::int64_t sum = 0;
    for (int y = 0; y < 10000; ++y) {
      (*days)[static_cast<std::size_t>(y)] = sum;
      sum += SlowLeap(y) ? 366 : 365;
    }
    return days;
  }();
  return (*table)[static_cast<std::size_t>(year)];
}

inline std::int64_t SlowDays(int year, int month, int day) {
  std::int64_t days = SlowDaysBeforeYear(year) - SlowDaysBeforeYear(1970);
  for (int m = 1; m < month; ++m) days += SlowMonthDays(year, m);
  return days + day - 1;
}

inline std::optional<SlowTime> SlowRfc3339(std::string_view text) {
  static const re2::RE2 pattern(
      R"((\d\d\d\d)-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d))", Bytes());
  std::string y, mo, d, h, mi, s, fraction, zone;
  if (!re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern, &y, &mo, &d, &h,
                           &mi, &s, &fraction, &zone)) {
    return std::nullopt;
  }
  const int year = std::atoi(y.c_str()), month = std::atoi(mo.c_str()), day = std::atoi(d.c_str());
  const int hour = std::atoi(h.c_str()), minute = std::atoi(mi.c_str());
  int second = std::atoi(s.c_str());
  if (month < 1 || month > 12 || day < 1 || day > SlowMonthDays(year, month)) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  int east = 0;
  if (zone.size() == 6) {
    const int hours = std::atoi(zone.substr(1, 2).c_str());
    const int minutes = std::atoi(zone.substr(4, 2).c_str());
    if (hours > 23 || minutes > 59) return std::nullopt;
    east = (hours * 60 + minutes) * (zone[0] == '-' ? -1 : 1);
  }
  std::string digits = fraction.empty() ? "" : fraction.substr(1, 9);
  digits.resize(9, '0');
  int nanos = std::atoi(digits.c_str());
  const bool leap = second == 60;
  if (leap) {
    second = 59;
    nanos = 999'999'999;
  }
  const Wide seconds =
      Wide(SlowDays(year, month, day)) * 86400 + hour * 3600 + minute * 60 + second - east * 60;
  if (leap) {
    // The second after it must be the midnight that begins a month of UTC:
    // one of those next to the printed date.
    bool begins_a_month = seconds + 1 == Wide(SlowDays(year, month, 1)) * 86400;
    const Wide next = Wide(SlowDays(year, month, 1)) + SlowMonthDays(year, month);
    begins_a_month |= seconds + 1 == next * 86400;
    if (!begins_a_month) return std::nullopt;
  }
  const Wide value = seconds * 1'000'000'000 + nanos;
  constexpr Wide kMin = std::numeric_limits<std::int64_t>::min();
  constexpr Wide kMax = std::numeric_limits<std::int64_t>::max();
  if (value < kMin) return SlowTime{std::numeric_limits<std::int64_t>::min(), true};
  if (value > kMax) return SlowTime{std::numeric_limits<std::int64_t>::max(), true};
  return SlowTime{static_cast<std::int64_t>(value), leap};
}

}  // namespace podtail_fuzz
#endif
