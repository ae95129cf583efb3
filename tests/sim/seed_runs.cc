// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/seed_runs.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

#include "engine/sim/sim_tape.h"
#include "tests/sim/mutant_switch.h"

namespace podtail {
namespace {

constexpr std::size_t kFailuresShown = 20;

void Add(const SimResult& result, std::uint64_t seed, const std::string& how, SeedRuns* runs) {
  ++runs->worlds;
  runs->marks |= result.marks;
  if (result.ok()) return;
  runs->failed.push_back(seed);
  if (runs->failures.size() < kFailuresShown) runs->failures.push_back(FailureLine(result, how));
}

// Calls `run` with 0 .. count-1, each once, on some threads; its results are added up.
template <class Run>
SeedRuns InParallel(std::uint64_t count, unsigned jobs, const Run& run) {
  std::atomic<std::uint64_t> next{0};
  std::mutex mutex;
  SeedRuns all;
  const auto work = [&] {
    SeedRuns own;
    for (std::uint64_t i = next++; i < count; i = next++) run(i, &own);
    const std::lock_guard<std::mutex> lock(mutex);
    all.worlds += own.worlds;
    all.marks |= own.marks;
    all.failures.insert(all.failures.end(), own.failures.begin(), own.failures.end());
    all.failed.insert(all.failed.end(), own.failed.begin(), own.failed.end());
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, jobs); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  std::sort(all.failed.begin(), all.failed.end());
  return all;
}

}  // namespace

SeedRuns RunSeeds(std::uint64_t first, std::uint64_t count, unsigned jobs,
                  const SimWorldOptions& options) {
  return InParallel(count, jobs, [&](std::uint64_t i, SeedRuns* runs) {
    Add(RunSeed(first + i, options), first + i, "seed " + std::to_string(first + i), runs);
  });
}

SeedRuns RunTapes(const std::string& directory) {
  SeedRuns runs;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".tape") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    auto tape = ParseTape(text);
    if (!tape) {
      runs.failures.push_back(path.filename().string() + ": " + tape.error().ToString());
      continue;
    }
    Add(RunTape(std::move(tape->choices), tape->options), 0, "tape " + path.filename().string(),
        &runs);
  }
  return runs;
}

SeedRuns CrashEverywhere(std::uint64_t worlds, unsigned jobs, const SimFeatures& features) {
  return InParallel(worlds, jobs, [&](std::uint64_t i, SeedRuns* runs) {
    SimWorldOptions options;
    options.features = features;
    options.features.state_damage = false;
    options.steps = 120;
    const std::uint64_t seed = 7'000'000 + i;
    // The turns of the safety phase, and the first ones behind it.
    const std::uint64_t turns = std::min<std::uint64_t>(RunSeed(seed, options).effects, 80);
    for (std::uint64_t turn = 1; turn <= turns; ++turn) {
      for (const SimCrashOutcome outcome :
           {SimCrashOutcome::kNothing, SimCrashOutcome::kTorn, SimCrashOutcome::kAll}) {
        options.crash_at_effect = turn;
        options.crash_outcome = outcome;
        Add(RunSeed(seed, options), seed,
            "seed " + std::to_string(seed) + " --steps 120 --crash-at " + std::to_string(turn),
            runs);
      }
    }
  });
}

std::uint64_t SeedsToKill(int mutant, std::uint64_t count, const SimWorldOptions& options) {
  // What some of them touch happens only in families that are off: every second world
  // has those. The engine may break there by itself, which then says nothing.
  SimWorldOptions wide = options;
  for (const char* feature : {"run_age", "late_lines", "equal_heads", "copytruncate"}) {
    (void)SwitchOn(feature, &wide.features);
  }
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const SimWorldOptions& world = mutant == 0 || seed % 2 == 1 ? options : wide;
    SetMutant(static_cast<Mutant>(mutant));
    const bool broken = !RunSeed(seed, world).ok();
    SetMutant(Mutant::kNone);
    if (broken && (mutant == 0 || RunSeed(seed, world).ok())) return seed;
  }
  return 0;
}

}  // namespace podtail
