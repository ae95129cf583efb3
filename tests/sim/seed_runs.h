// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_SIM_SEED_RUNS_H_
#define PODTAIL_TESTS_SIM_SEED_RUNS_H_
// Many worlds, on some threads.
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/sim/sim_runner.h"

namespace podtail {

struct SeedRuns {
  std::uint64_t worlds = 0;
  std::vector<std::string> failures;  // one line each
  std::vector<std::uint64_t> failed;  // their seeds
  std::bitset<kSimMarks> marks;
};

// `first` .. `first` + `count` - 1.
SeedRuns RunSeeds(std::uint64_t first, std::uint64_t count, unsigned jobs,
                  const SimWorldOptions& options);
// The files *.tape of a directory, sorted.
SeedRuns RunTapes(const std::string& directory);
// Short worlds, each once per turn of its engine with a crash behind that turn, and
// once per outcome on the disk.
SeedRuns CrashEverywhere(std::uint64_t worlds, unsigned jobs, const SimFeatures& features);
// 0: the mutant is still alive after `count` seeds; else how many it took.
std::uint64_t SeedsToKill(int mutant, std::uint64_t count, const SimWorldOptions& options);

}  // namespace podtail
#endif
