// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_TRACE_H_
#define PODTAIL_ENGINE_SIM_SIM_TRACE_H_
// What happened in a simulated world: a hash over every event, the last events in
// words, the coverage marks that were seen, and the first invariant that broke.
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "engine/sim/sim_marks.h"
#include "podtail/tick.h"

namespace podtail {

struct SimEvent {
  std::uint64_t step = 0;
  Instant at{};
  std::string what;  // empty: not kept
};

struct SimFailure {
  std::string invariant;  // "I2"; empty: nothing broke
  std::string message;
  std::uint64_t step = 0;
};

class SimTrace {
 public:
  // Keeps the words of the last `events` events; 0: their hash alone.
  explicit SimTrace(std::size_t events) : events_max_(events) {}

  void Note(std::string_view what, std::string_view who = {}, std::uint64_t a = 0,
            std::uint64_t b = 0);
  void Hit(SimMark mark) { marks_.set(static_cast<std::size_t>(mark)); }
  // The first one counts.
  void Fail(std::string_view invariant, std::string message);

  std::uint64_t step = 0;
  Instant now{};
  std::uint64_t turns = 0;  // of the engine

  bool keeps_words() const noexcept { return events_max_ > 0; }
  bool failed() const noexcept { return !failure_.invariant.empty(); }
  const SimFailure& failure() const noexcept { return failure_; }
  std::uint64_t hash() const noexcept { return hash_; }
  const std::bitset<kSimMarks>& marks() const noexcept { return marks_; }
  // One line per event, ASCII.
  std::string Timeline() const;

 private:
  const std::size_t events_max_;
  std::uint64_t hash_ = 0xCBF29CE484222325U;
  std::deque<SimEvent> events_;
  std::bitset<kSimMarks> marks_;
  SimFailure failure_;
};

}  // namespace podtail
#endif
