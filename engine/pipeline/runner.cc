// SPDX-License-Identifier: Apache-2.0
#include "podtail/runner.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "engine/port/system_tick.h"
#include "engine/port/wait.h"

namespace podtail {
namespace {

std::string Seconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

// OK: not yet.
Status GiveUp(const Engine& engine, const RunOptions& options, Instant now) {
  const Instant held_since = engine.held_since();
  if (held_since <= now && now - held_since >= options.held_max) {
    return {StatusCode::kResourceExhausted,
            "the sink has refused for " + Seconds(options.held_max) +
                " s; what it did not take is read again on the next start"};
  }
  if (now - engine.accepted_at() >= options.stalled_max &&
      engine.counters().uncommitted_bytes > 0) {
    return {StatusCode::kResourceExhausted,
            "the sink has accepted nothing for " + Seconds(options.stalled_max) +
                " s while bytes wait; they are read again on the next start"};
  }
  return {};
}

}  // namespace

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
    if (Status given_up = GiveUp(engine, options, tick.now); !given_up.ok()) return given_up;
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
