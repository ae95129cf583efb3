// SPDX-License-Identifier: Apache-2.0
// Time is an argument: the timeline has no clock to peek at.
// refused: now
#include "podtail/tick.h"

podtail::Instant When(const podtail::Tick& tick) {
#ifdef PODTAIL_MISTAKE
  return tick.now > podtail::Instant{} ? podtail::MonotonicTimeline::now() : tick.now;
#else
  return tick.now;
#endif
}
