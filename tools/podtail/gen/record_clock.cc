// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/gen/record_clock.h"

#include <algorithm>
#include <chrono>

namespace podtail::gen {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;

std::int64_t RoundUp(std::int64_t value, std::int64_t unit) {
  return (value / unit + 1) * unit;
}

}  // namespace

std::int64_t VirtualClock::Next() {
  const std::uint64_t random = rng_.Next();
  now_ += 1 + static_cast<std::int64_t>(random % 200'000);
  if ((random >> 32) % 512 == 0) {
    now_ = RoundUp(now_, (random >> 41) % 64 == 0 ? 1000 * kMillisecond : kMillisecond);
  }
  return now_;
}

std::int64_t WallClock::Next() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  last_ = std::max<std::int64_t>(last_ + 1,
                                 std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  return last_;
}

}  // namespace podtail::gen
