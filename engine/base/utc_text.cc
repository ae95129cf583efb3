// SPDX-License-Identifier: Apache-2.0
#include "engine/base/utc_text.h"

#include <chrono>
#include <cstdint>

namespace podtail {
namespace {

// Writes `value` right-aligned into the `digits` bytes before `end`.
void PutDigits(std::uint64_t value, int digits, char* end) {
  for (; digits > 0; --digits, value /= 10) *--end = static_cast<char>('0' + value % 10);
}

}  // namespace

void AppendUtcText(Timestamp time, std::string* out) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  // By hand: the whole second, or day, before Timestamp::min() has no Timestamp.
  std::int64_t since_epoch = time.time_since_epoch().count() / kSecond;
  std::int64_t fraction = time.time_since_epoch().count() % kSecond;
  if (fraction < 0) {
    fraction += kSecond;
    --since_epoch;
  }
  const std::chrono::sys_seconds second{std::chrono::seconds(since_epoch)};
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const auto seconds = static_cast<std::uint64_t>((second - day).count());
  char text[] = "0000-00-00T00:00:00.000000000Z";
  PutDigits(static_cast<unsigned>(static_cast<int>(date.year())), 4, text + 4);
  PutDigits(static_cast<unsigned>(date.month()), 2, text + 7);
  PutDigits(static_cast<unsigned>(date.day()), 2, text + 10);
  PutDigits(seconds / 3600, 2, text + 13);
  PutDigits(seconds / 60 % 60, 2, text + 16);
  PutDigits(seconds % 60, 2, text + 19);
  PutDigits(static_cast<std::uint64_t>(fraction), 9, text + 29);
  out->append(text, sizeof(text) - 1);
}

}  // namespace podtail
