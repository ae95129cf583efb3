// SPDX-License-Identifier: Apache-2.0
#include "podtail/runner.h"

#include "engine/port/system_tick.h"
#include "engine/port/wait.h"

namespace podtail {

Status Run(Engine& engine, std::stop_token stop, const RunOptions& options) {
  auto wait = Wait::Create();
  if (!wait) return std::move(wait).error();
  const std::stop_callback wake(stop, [&wait] { wait->Wake(); });
  bool draining = false;
  Instant deadline = Instant::max();
  for (;;) {
    const Tick tick = SystemTick();
    const auto due = engine.Poll(tick);
    if (!due) return due.error();
    if (!draining && (stop.stop_requested() || (options.until_idle && engine.at_end()))) {
      draining = true;
      engine.BeginDrain();
      if (stop.stop_requested()) deadline = tick.now + options.drain_max;
      continue;
    }
    if (draining && engine.idle()) return {};
    if (draining && stop.stop_requested() && deadline == Instant::max()) {
      deadline = tick.now + options.drain_max;
    }
    if (tick.now >= deadline) {
      return {StatusCode::kUnavailable,
              "the sink did not take everything before the end of the drain; what it did not "
              "take is read again on the next start"};
    }
    wait->Until(engine.readiness_fd(), std::min(*due, deadline));
  }
}

}  // namespace podtail
