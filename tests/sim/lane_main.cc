// SPDX-License-Identifier: Apache-2.0
// The simulator's lane of CI: fresh worlds derived from a commit, all tapes, a crash
// everywhere, every mutant, and every coverage mark.
//
// usage: sim_lane [--seeds N] [--base COMMIT] [--first SEED] [--steps N] [--jobs N] [--tapes DIR]
//                 [--marks-required] [--crash-everywhere] [--mutants] [--shrink SEED] [--out FILE]
//                 [--with FEATURE] [--without FEATURE] (sim_features.h)
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/base/hash.h"
#include "engine/sim/sim_tape.h"
#include "tests/sim/mutant_switch.h"
#include "tests/sim/seed_runs.h"

namespace {

using namespace podtail;

constexpr std::uint64_t kCrashWorlds = 40;
constexpr std::uint64_t kMutantSeeds = 500;
constexpr std::uint64_t kShrinkRuns = 6000;

struct Flags {
  std::uint64_t seeds = 0, first = 1, jobs = 2, shrink = 0;
  SimWorldOptions options;
  std::string tapes, out;
  bool marks_required = false, crash_everywhere = false, mutants = false, wrong = false;
};

Flags Parse(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--marks-required") {
      flags.marks_required = true;
    } else if (name == "--crash-everywhere") {
      flags.crash_everywhere = true;
    } else if (name == "--mutants") {
      flags.mutants = true;
    } else if (i + 1 == argc) {
      flags.wrong = true;
    } else if (name == "--tapes") {
      flags.tapes = argv[++i];
    } else if (name == "--with") {
      flags.wrong = !SwitchOn(argv[++i], &flags.options.features) || flags.wrong;
    } else if (name == "--without") {
      flags.wrong = !SwitchOff(argv[++i], &flags.options.features) || flags.wrong;
    } else if (name == "--out") {
      flags.out = argv[++i];
    } else if (name == "--base") {
      // Every commit explores new ground, and the same commit the same.
      flags.first = HashBytes64(argv[++i]) % 1'000'000'000 + 1'000'000'000;
    } else {
      const std::uint64_t value = std::strtoull(argv[++i], nullptr, 10);
      if (name == "--seeds") flags.seeds = value;
      if (name == "--first") flags.first = value;
      if (name == "--jobs") flags.jobs = value;
      if (name == "--steps") flags.options.steps = value;
      if (name == "--shrink") flags.shrink = value;
    }
  }
  return flags;
}

// False when something broke.
bool Report(const char* what, const SeedRuns& runs) {
  std::printf("%s: %llu worlds, %zu broken\n", what, static_cast<unsigned long long>(runs.worlds),
              std::max(runs.failed.size(), runs.failures.size()));
  for (const std::string& failure : runs.failures) std::printf("%s\n", failure.c_str());
  std::fflush(stdout);
  return runs.failures.empty();
}

bool Mutants(unsigned jobs) {
  (void)jobs;
  bool good = true;
  for (const Mutant mutant : kAllMutants) {
    const std::uint64_t took = SeedsToKill(static_cast<int>(mutant), kMutantSeeds, {});
    good = good && took > 0;
    std::printf("%s %4llu  %s\n", took > 0 ? "found after" : "ALIVE after",
                static_cast<unsigned long long>(took > 0 ? took : kMutantSeeds),
                std::string(WordsOf(mutant)).c_str());
    std::fflush(stdout);
  }
  return good;
}

int ShrinkOne(const Flags& flags) {
  const SimResult broken = RunSeed(flags.shrink, flags.options);
  if (broken.ok()) {
    std::printf("seed %llu breaks nothing\n", static_cast<unsigned long long>(flags.shrink));
    return 0;
  }
  const SimShrunk shrunk = Shrink(broken, flags.options, kShrinkRuns);
  const SimResult again = RunTape(ChoiceTape::FromNumbers(shrunk.numbers), shrunk.options, 30);
  std::printf("%s\n%s%zu numbers, %llu steps, %llu runs\n",
              FailureLine(again, "seed " + std::to_string(flags.shrink)).c_str(),
              again.timeline.c_str(), shrunk.numbers.size(),
              static_cast<unsigned long long>(shrunk.options.steps),
              static_cast<unsigned long long>(shrunk.runs));
  if (!flags.out.empty()) {
    std::ofstream(flags.out) << TapeText(shrunk.options, shrunk.numbers);
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const Flags flags = Parse(argc, argv);
  if (flags.wrong) {
    std::fprintf(stderr, "sim_lane: a flag lacks its value, or there is no such feature\n");
    return 64;
  }
  if (flags.shrink > 0) return ShrinkOne(flags);
  const auto jobs = static_cast<unsigned>(flags.jobs);
  bool good = true;
  if (!flags.tapes.empty()) good = Report("tapes", RunTapes(flags.tapes)) && good;
  const SeedRuns runs = RunSeeds(flags.first, flags.seeds, jobs, flags.options);
  good = Report("seeds", runs) && good;
  if (flags.crash_everywhere) {
    good = Report("crash everywhere", CrashEverywhere(kCrashWorlds, jobs, {})) && good;
  }
  if (flags.mutants) good = Mutants(jobs) && good;
  if (flags.seeds == 0) return good ? 0 : 1;
  std::printf("marks: %zu of %zu seen\n", runs.marks.count(), kSimMarks);
  for (std::size_t i = 0; i < kSimMarks; ++i) {
    if (runs.marks[i] || NeedsFeature(static_cast<SimMark>(i), flags.options.features)) continue;
    std::printf("not seen: %s\n", std::string(kSimMarkWords[i]).c_str());
    if (flags.marks_required) good = false;
  }
  return good ? 0 : 1;
}
