// SPDX-License-Identifier: Apache-2.0
// A seed is one world: the same events, twice, and from its tape.
#include <gtest/gtest.h>

#include "engine/sim/sim_runner.h"
#include "engine/sim/sim_tape.h"
#include "tests/support/sanitized.h"

namespace podtail {
namespace {

TEST(SimDeterminism, RepeatsEveryEventOfASeed) {
  for (std::uint64_t seed = 1; seed <= (kSanitized ? 7 : 20); ++seed) {
    const SimResult first = RunSeed(seed, {});
    const SimResult second = RunSeed(seed, {});
    EXPECT_EQ(first.hash, second.hash) << "seed " << seed;
    const SimResult replayed = RunTape(ChoiceTape::FromNumbers(first.numbers), {});
    EXPECT_EQ(first.hash, replayed.hash) << "seed " << seed;
  }
}

// The world of a tape is the one it was taken of, whatever is switched on by default.
TEST(SimDeterminism, ATapeIsAWholeWorld) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SimWorldOptions options;
    options.steps = 300;
    options.crash_at_effect = 20 * seed;
    options.crash_outcome = SimCrashOutcome::kTorn;
    options.features.hints = false;
    options.features.gzip = options.features.late_lines = true;
    const SimResult first = RunSeed(seed, options);
    auto tape = ParseTape(TapeText(options, first.numbers));
    ASSERT_TRUE(tape.has_value()) << tape.error().ToString();
    const SimResult replayed = RunTape(std::move(tape->choices), tape->options);
    EXPECT_EQ(first.hash, replayed.hash) << "seed " << seed;
    EXPECT_EQ(TapeText(tape->options, replayed.numbers), TapeText(options, first.numbers));
  }
}

TEST(SimDeterminism, ReadsTheTextOfATape) {
  ChoiceTape tape = ChoiceTape::FromSeed(7);
  for (int i = 0; i < 100; ++i) (void)tape.Below(1000);
  auto read = ChoiceTape::Parse(ChoiceTape::TextOf(tape.drawn()));
  ASSERT_TRUE(read.has_value()) << read.error().ToString();
  for (const std::uint32_t number : tape.drawn()) EXPECT_EQ(read->Below(1000), number);
  EXPECT_EQ(read->Below(1000), 0U);  // used up
}

TEST(SimDeterminism, RefusesWhatIsNoTape) {
  EXPECT_TRUE(ParseTape("podtail-tape 2\nsteps 9\ncrash 3 1\nwith gzip\n1 2\n").has_value());
  EXPECT_TRUE(ParseTape("podtail-tape 2\nsteps 9\nwith\n").has_value());
  for (const char* text : {"", "podtail-tape 1\n1 2\n", "podtail-tape 2\nwith gzip\n1\n",
                           "podtail-tape 2\nsteps 9\n1 2\n", "podtail-tape 2\nsteps 9\nwith\n1 x\n",
                           "podtail-tape 2\nsteps 9\nwith no_such_family\n1\n",
                           "podtail-tape 2\nsteps 9\ncrash 3 4\nwith\n1\n"}) {
    EXPECT_FALSE(ParseTape(text).has_value()) << text;
  }
}

TEST(SimDeterminism, AnyNumbersAreAWorld) {
  EXPECT_TRUE(RunTape(ChoiceTape::FromNumbers({}), {}).ok());
  std::vector<std::uint32_t> numbers(3000, 4'000'000'000U);
  const SimResult result = RunTape(ChoiceTape::FromNumbers(numbers), {});
  EXPECT_TRUE(result.ok()) << result.failure.message;
}

}  // namespace
}  // namespace podtail
