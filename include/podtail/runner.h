// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_RUNNER_H_
#define PODTAIL_RUNNER_H_
// The one place in podtail that reads clocks and sleeps.
#include <stop_token>
#include "podtail/engine.h"
#include "podtail/export.h"
namespace podtail {
//
// Run() polls on the calling thread until asked to stop, then drains for at most
// `drain_max`. Starts no threads: several engines are several callers.

struct RunOptions {
  Duration drain_max = std::chrono::seconds(10);
  bool until_idle = false;  // also stop when every file is at its end and settled
  // Give up when the sink has refused us for so long (kHeld), or when bytes have waited
  // so long and nothing was accepted. What was accepted stays committed. Never: an agent
  // waits until somebody mends the sink.
  Duration held_max = Duration::max();
  Duration stalled_max = Duration::max();
};

// OK when asked to stop, or idle. kUnavailable: draining took too long; what is
// not settled is read again on the next start. kResourceExhausted: gave up.
PODTAIL_EXPORT Status Run(Engine& engine, std::stop_token stop, const RunOptions& options = {});
}  // namespace podtail
#endif
