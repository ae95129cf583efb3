// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_RUNNER_H_
#define PODTAIL_ENGINE_SIM_SIM_RUNNER_H_
// Runs simulated worlds: from a seed or from a tape, and makes a tape that breaks
// an invariant shorter.
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/sim/choice_tape.h"
#include "engine/sim/sim_trace.h"
#include "engine/sim/sim_world.h"

namespace podtail {

struct SimResult {
  SimFailure failure;  // its invariant is empty: nothing broke
  std::uint64_t hash = 0;
  std::uint64_t effects = 0;
  std::bitset<kSimMarks> marks;
  std::string timeline;                // when events were kept
  std::vector<std::uint32_t> numbers;  // the whole tape
  bool ok() const noexcept { return failure.invariant.empty(); }
};

SimResult RunTape(ChoiceTape tape, const SimWorldOptions& options, std::size_t events_kept = 0);
inline SimResult RunSeed(std::uint64_t seed, const SimWorldOptions& options,
                         std::size_t events_kept = 0) {
  return RunTape(ChoiceTape::FromSeed(seed), options, events_kept);
}

// The one line about a failure.
std::string FailureLine(const SimResult& result, std::string_view how_to_replay);

struct SimShrunk {
  std::vector<std::uint32_t> numbers;
  SimWorldOptions options;
  std::uint64_t runs = 0;
};
// Deletes, zeroes and lowers what breaks the same invariant without, in at most
// `runs_max` runs.
SimShrunk Shrink(const SimResult& broken, const SimWorldOptions& options, std::uint64_t runs_max);

}  // namespace podtail
#endif
