// SPDX-License-Identifier: Apache-2.0
#include "engine/parse/rfc3339.h"

#include <cstdint>
#include <limits>

namespace podtail {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr int kSecondsPerDay = 86'400;
// "YYYY-MM-DDThh:mm:ss"
constexpr int kDateTimeBytes = 19;

// The fields as printed, in their ranges, before the offset is applied.
struct Fields {
  unsigned year, month, day, hour, minute, second;
  std::int32_t nanos;
  int offset_minutes;  // local time minus UTC
};

// Collects "not a digit" in *bad instead of branching at every byte.
unsigned TwoDigits(const char* text, bool* bad) noexcept {
  const unsigned tens = static_cast<unsigned char>(text[0]) - unsigned{'0'};
  const unsigned ones = static_cast<unsigned char>(text[1]) - unsigned{'0'};
  *bad |= (tens > 9) | (ones > 9);
  return tens * 10 + ones;
}

bool IsLeapYear(unsigned year) noexcept {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

unsigned DaysInMonth(unsigned year, unsigned month) noexcept {
  if (month == 2) return IsLeapYear(year) ? 29 : 28;
  return 30 + ((month + (month >> 3)) & 1);
}

// Proleptic Gregorian. The year is counted from March, so that the leap day is
// its last one, and moved by one 400-year cycle, so that it is never negative.
std::int64_t DaysSinceEpoch(unsigned year, unsigned month, unsigned day) noexcept {
  constexpr int kDaysPerCycle = 146'097;
  constexpr int kEpochInShiftedDays = 719'468 + kDaysPerCycle;
  const unsigned y = year + 400 - (month <= 2);
  const unsigned month_from_march = month > 2 ? month - 3 : month + 9;
  const unsigned day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
  const unsigned days = 365 * y + y / 4 - y / 100 + y / 400 + day_of_year;
  return static_cast<std::int64_t>(days) - kEpochInShiftedDays;
}

bool ReadDateTime(const char* text, Fields* fields) noexcept {
  bool bad = text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':';
  // RFC 3339 section 5.6 allows the lower case; no runtime writes it.
  bad |= (text[10] | 0x20) != 't';
  const unsigned century = TwoDigits(text, &bad);
  fields->year = century * 100 + TwoDigits(text + 2, &bad);
  fields->month = TwoDigits(text + 5, &bad);
  fields->day = TwoDigits(text + 8, &bad);
  fields->hour = TwoDigits(text + 11, &bad);
  fields->minute = TwoDigits(text + 14, &bad);
  fields->second = TwoDigits(text + 17, &bad);
  if (bad) return false;
  if (fields->month < 1 || fields->month > 12 || fields->day < 1) return false;
  if (fields->day > 28 && fields->day > DaysInMonth(fields->year, fields->month)) return false;
  return fields->hour <= 23 && fields->minute <= 59 && fields->second <= 60;
}

// From the byte behind the seconds. Nine digits count, the rest is cut.
const char* ReadFraction(const char* p, const char* end, Fields* fields) noexcept {
  static constexpr std::int32_t kScale[] = {
      1'000'000'000, 100'000'000, 10'000'000, 1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
  fields->nanos = 0;
  if (p == end || *p != '.') return p;
  const char* const first = ++p;
  const char* const last = end - first < 9 ? end : first + 9;
  std::int32_t value = 0;
  for (; p != last; ++p) {
    const unsigned digit = static_cast<unsigned char>(*p) - unsigned{'0'};
    if (digit > 9) break;
    value = value * 10 + static_cast<std::int32_t>(digit);
  }
  if (p == first) return nullptr;
  fields->nanos = value * kScale[p - first];
  if (p == last) {
    while (p != end && *p >= '0' && *p <= '9') ++p;
  }
  return p;
}

const char* ReadOffset(const char* p, const char* end, Fields* fields) noexcept {
  fields->offset_minutes = 0;
  if (p == end) return nullptr;
  if (*p == 'Z' || *p == 'z') return p + 1;
  if ((*p != '+' && *p != '-') || end - p < 6 || p[3] != ':') return nullptr;
  bool bad = false;
  const unsigned hours = TwoDigits(p + 1, &bad);
  const unsigned minutes = TwoDigits(p + 4, &bad);
  if (bad || hours > 23 || minutes > 59) return nullptr;
  const int offset = static_cast<int>(hours * 60 + minutes);
  fields->offset_minutes = *p == '-' ? -offset : offset;
  return p + 6;
}

// Leap seconds end a month of UTC; an offset can show them at any minute, and
// on the first day of the next month. Never two days apart: offsets are < 24 h.
bool MayBeLeapSecond(const Fields& fields) noexcept {
  const int utc_minute = static_cast<int>(fields.hour * 60 + fields.minute) - fields.offset_minutes;
  if (utc_minute == -1) return fields.day == 1;
  if (utc_minute == 1439) return fields.day == DaysInMonth(fields.year, fields.month);
  return false;
}

// Nanoseconds since the epoch, or the nearest value that 64 bits can hold.
ParsedTime FromSeconds(std::int64_t seconds, std::int64_t nanos, bool clamped) noexcept {
  using Limits = std::numeric_limits<std::int64_t>;
  // Truncation towards zero: -1 s and 0.5 s are -0.5 s, as the limits are split.
  if (seconds < 0 && nanos != 0) {
    ++seconds;
    nanos -= kNanosPerSecond;
  }
  constexpr std::int64_t kSecondsMax = Limits::max() / kNanosPerSecond;
  constexpr std::int64_t kNanosMax = Limits::max() % kNanosPerSecond;
  constexpr std::int64_t kSecondsMin = Limits::min() / kNanosPerSecond;
  constexpr std::int64_t kNanosMin = Limits::min() % kNanosPerSecond;
  if (seconds > kSecondsMax || (seconds == kSecondsMax && nanos > kNanosMax)) {
    return {Timestamp::max(), true};
  }
  if (seconds < kSecondsMin || (seconds == kSecondsMin && nanos < kNanosMin)) {
    return {Timestamp::min(), true};
  }
  return {Timestamp(Duration(seconds * kNanosPerSecond + nanos)), clamped};
}

}  // namespace

const char* ConsumeRfc3339(const char* begin, const char* end, ParsedTime* time) noexcept {
  Fields fields;
  if (end - begin < kDateTimeBytes || !ReadDateTime(begin, &fields)) return nullptr;
  const char* p = ReadFraction(begin + kDateTimeBytes, end, &fields);
  if (p == nullptr) return nullptr;
  p = ReadOffset(p, end, &fields);
  if (p == nullptr) return nullptr;

  bool leap = false;
  if (fields.second == 60) {
    if (!MayBeLeapSecond(fields)) return nullptr;
    leap = true;
    fields.second = 59;
    fields.nanos = static_cast<std::int32_t>(kNanosPerSecond - 1);
  }
  const int second_of_day =
      static_cast<int>((fields.hour * 60 + fields.minute) * 60 + fields.second);
  const std::int64_t seconds =
      DaysSinceEpoch(fields.year, fields.month, fields.day) * kSecondsPerDay + second_of_day -
      std::int64_t{fields.offset_minutes} * 60;
  *time = FromSeconds(seconds, fields.nanos, leap);
  return p;
}

std::optional<ParsedTime> ParseRfc3339(std::string_view text) noexcept {
  ParsedTime time;
  const char* const end = text.data() + text.size();
  if (ConsumeRfc3339(text.data(), end, &time) != end || text.empty()) return std::nullopt;
  return time;
}

}  // namespace podtail
