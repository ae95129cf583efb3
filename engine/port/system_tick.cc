// SPDX-License-Identifier: Apache-2.0
#include "engine/port/system_tick.h"

#include <time.h>

namespace podtail {
namespace {

Duration Read(clockid_t clock) noexcept {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

Tick SystemTick() noexcept {
  return {.now = Instant(Read(CLOCK_MONOTONIC)), .wall = Timestamp(Read(CLOCK_REALTIME))};
}

}  // namespace podtail
