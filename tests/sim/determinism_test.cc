// SPDX-License-Identifier: Apache-2.0
// A seed is one world: the same events, twice, and from its tape.
#include <gtest/gtest.h>

#include "engine/sim/sim_runner.h"

namespace podtail {
namespace {

TEST(SimDeterminism, RepeatsEveryEventOfASeed) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const SimResult first = RunSeed(seed, {});
    const SimResult second = RunSeed(seed, {});
    EXPECT_EQ(first.hash, second.hash) << "seed " << seed;
    const SimResult replayed = RunTape(ChoiceTape::FromNumbers(first.numbers), {});
    EXPECT_EQ(first.hash, replayed.hash) << "seed " << seed;
  }
}

TEST(SimDeterminism, ReadsTheTextOfATape) {
  ChoiceTape tape = ChoiceTape::FromSeed(7);
  for (int i = 0; i < 100; ++i) (void)tape.Below(1000);
  auto read = ChoiceTape::Parse(tape.ToText());
  ASSERT_TRUE(read.has_value()) << read.error().ToString();
  for (const std::uint32_t number : tape.drawn()) EXPECT_EQ(read->Below(1000), number);
  EXPECT_EQ(read->Below(1000), 0U);  // used up
  EXPECT_FALSE(ChoiceTape::Parse("podtail-tape 2\n1 2\n").has_value());
  EXPECT_FALSE(ChoiceTape::Parse("podtail-tape 1\n1 x\n").has_value());
}

TEST(SimDeterminism, AnyNumbersAreAWorld) {
  EXPECT_TRUE(RunTape(ChoiceTape::FromNumbers({}), {}).ok());
  std::vector<std::uint32_t> numbers(3000, 4'000'000'000U);
  const SimResult result = RunTape(ChoiceTape::FromNumbers(numbers), {});
  EXPECT_TRUE(result.ok()) << result.failure.message;
}

}  // namespace
}  // namespace podtail
