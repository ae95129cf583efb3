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
};

// OK when asked to stop, or idle. kUnavailable: draining took too long; what is
// not settled is read again on the next start.
PODTAIL_EXPORT Status Run(Engine& engine, std::stop_token stop, const RunOptions& options = {});
}  // namespace podtail
#endif
