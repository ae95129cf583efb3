// SPDX-License-Identifier: Apache-2.0
// The engine in a simulated world: whatever happens, every byte is accounted for.
#include <gtest/gtest.h>

#include <string>

#include "tests/sim/seed_runs.h"
#include "tests/support/sanitized.h"

namespace podtail {
namespace {

// The lane sim runs thousands.
constexpr std::uint64_t kSeeds = kSanitized ? 100 : 300;

std::string FailureLines(const SeedRuns& runs) {
  std::string lines;
  for (const std::string& failure : runs.failures) lines += failure + "\n";
  return lines;
}

TEST(SimSeeds, KeepsEveryPromiseInEveryWorld) {
  const SeedRuns runs = RunSeeds(1, kSeeds, 1, {});
  EXPECT_EQ(runs.worlds, kSeeds);
  EXPECT_TRUE(runs.failed.empty()) << FailureLines(runs);
  // A world without these would prove little.
  for (const SimMark mark : {SimMark::kCrash, SimMark::kResumed, SimMark::kJoinedAcrossFiles,
                             SimMark::kInodeGivenAgain, SimMark::kCrashWriteTorn}) {
    EXPECT_TRUE(runs.marks[static_cast<std::size_t>(mark)])
        << kSimMarkWords[static_cast<std::size_t>(mark)];
  }
}

TEST(SimSeeds, KeepsEveryPromiseOnTheTapesOfOldBugs) {
  const SeedRuns runs = RunTapes(PODTAIL_TAPES);
  EXPECT_TRUE(runs.failures.empty()) << FailureLines(runs);
}

TEST(SimSeeds, KeepsEveryPromiseAfterACrashBehindAnyTurn) {
  const SeedRuns runs = CrashEverywhere(2, 1, {});
  EXPECT_GT(runs.worlds, 100U);
  EXPECT_TRUE(runs.failed.empty()) << FailureLines(runs);
}

}  // namespace
}  // namespace podtail
