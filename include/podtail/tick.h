// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TICK_H_
#define PODTAIL_TICK_H_
// Time is an argument.
//
// Nothing below the runner reads a clock: every Poll() is given the Tick it
// runs at. MonotonicTimeline deliberately has no now(), so code that wants to
// peek at a clock does not compile. Same ticks in, same behaviour out: that is
// what makes the simulator and a replayed crash deterministic.
#include <chrono>
#include <cstdint>
namespace podtail {

using Duration = std::chrono::nanoseconds;
// Wall time, nanoseconds since the Unix epoch, no leap seconds.
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

struct MonotonicTimeline {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicTimeline>;
  static constexpr bool is_steady = true;
};
// For backoff, deadlines and ages. Meaningless across processes and reboots.
using Instant = MonotonicTimeline::time_point;

struct Tick {
  Instant now;     // must not go backwards from one Poll() to the next
  Timestamp wall;  // may jump; for dates in answers and the age of records, never in one
};

}  // namespace podtail
#endif
