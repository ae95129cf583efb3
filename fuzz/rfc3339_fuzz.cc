// SPDX-License-Identifier: Apache-2.0
// Property: ParseRfc3339 equals a big-integer calendar on every text, more
// fraction digits never move a time backwards, and what the calendar prints for
// a number is read as that number.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "fuzz/support/slow_rfc3339.h"
#include "podtail/timestamp.h"

namespace {

using podtail::ParseRfc3339;

void CheckText(std::string_view text) {
  const auto got = ParseRfc3339(text);
  const auto expected = podtail_fuzz::SlowRfc3339(text);
  if (got.has_value() != expected.has_value()) __builtin_trap();
  if (!got) return;
  if (got->time.time_since_epoch().count() != expected->nanos) __builtin_trap();
  if (got->clamped != expected->clamped) __builtin_trap();

  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return;
  const std::size_t zone = text.find_first_not_of("0123456789", dot + 1);
  std::string longer(text.substr(0, zone));
  longer += '9';
  longer += text.substr(zone);
  const auto later = ParseRfc3339(longer);
  if (!later || later->time < got->time) __builtin_trap();
}

// 1678-01-01 .. 2261-12-31 only: whole years, so that the printing stays simple.
void CheckNumber(std::int64_t nanos, int offset_minutes) {
  const podtail_fuzz::Wide local =
      podtail_fuzz::Wide(nanos) + podtail_fuzz::Wide(offset_minutes) * 60'000'000'000;
  const podtail_fuzz::Wide day_nanos = podtail_fuzz::Wide(86'400) * 1'000'000'000;
  podtail_fuzz::Wide days = local / day_nanos;
  podtail_fuzz::Wide rest = local % day_nanos;
  if (rest < 0) {
    rest += day_nanos;
    --days;
  }
  int year = 1677;
  while (podtail_fuzz::SlowDays(year + 1, 1, 1) <= days) ++year;
  int month = 1;
  while (month < 12 && podtail_fuzz::SlowDays(year, month + 1, 1) <= days) ++month;
  const int day = static_cast<int>(days - podtail_fuzz::SlowDays(year, month, 1)) + 1;
  const int second = static_cast<int>(rest / 1'000'000'000);
  const int fraction = static_cast<int>(rest % 1'000'000'000);
  const int offset = offset_minutes < 0 ? -offset_minutes : offset_minutes;
  char text[128];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%09d%c%02d:%02d", year, month,
                day, second / 3600, second / 60 % 60, second % 60, fraction,
                offset_minutes < 0 ? '-' : '+', offset / 60, offset % 60);
  const auto parsed = ParseRfc3339(text);
  if (!parsed || parsed->clamped) __builtin_trap();
  if (parsed->time.time_since_epoch().count() != nanos) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 256) return 0;  // a fraction of 200 digits says what one of a million would
  // A copy of its own size: reading behind it is seen by the sanitizer.
  const std::string text(reinterpret_cast<const char*>(data), size);
  CheckText(text);
  if (size < 10) return 0;
  std::int64_t nanos;
  std::int16_t offset;
  std::memcpy(&nanos, data, 8);
  std::memcpy(&offset, data + 8, 2);
  CheckNumber(nanos, offset % 1440);
  return 0;
}
