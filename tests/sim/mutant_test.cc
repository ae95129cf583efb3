// SPDX-License-Identifier: Apache-2.0
// Tests the test: every planted bug must be found within 500 seeds.
#include <gtest/gtest.h>

#include <string>

#include "tests/sim/mutant_switch.h"
#include "tests/sim/seed_runs.h"

namespace podtail {
namespace {

constexpr std::uint64_t kSeedsMax = 500;

class SimMutants : public testing::TestWithParam<Mutant> {};

TEST_P(SimMutants, IsFound) {
  const std::uint64_t took = SeedsToKill(static_cast<int>(GetParam()), kSeedsMax, {});
  EXPECT_NE(took, 0U) << "still alive: " << WordsOf(GetParam());
  RecordProperty("seeds", std::to_string(took));
}

INSTANTIATE_TEST_SUITE_P(All, SimMutants, testing::ValuesIn(kAllMutants));

TEST(SimNoMutant, NothingIsFoundInTheEngineItself) {
  EXPECT_EQ(SeedsToKill(0, 50, {}), 0U);
}

}  // namespace
}  // namespace podtail
