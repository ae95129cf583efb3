// SPDX-License-Identifier: Apache-2.0
// sinks.md E.6.
#include "engine/record/replay_rules.h"

#include <gtest/gtest.h>

namespace podtail {
namespace {

Timestamp At(std::int64_t nanos) {
  return Timestamp(std::chrono::nanoseconds(nanos));
}

TEST(NextTime, CountsUpWhatSharesOneTimeAndCatchesUpAfterwards) {
  ReplayState::Stream stream;
  EXPECT_EQ(NextTime(&stream, At(100), true), At(100));
  EXPECT_EQ(NextTime(&stream, At(100), true), At(101));
  EXPECT_EQ(NextTime(&stream, At(100), true), At(102));
  EXPECT_EQ(NextTime(&stream, At(101), true), At(103)) << "behind the drift";
  EXPECT_EQ(NextTime(&stream, At(104), true), At(104)) << "past the drift";
  EXPECT_EQ(NextTime(&stream, At(50), true), At(50)) << "the clock stepped back";
}

TEST(NextTime, LeavesTimesAloneWhereTheSinkDoesNotCare) {
  ReplayState::Stream stream;
  EXPECT_EQ(NextTime(&stream, At(100), false), At(100));
  EXPECT_EQ(NextTime(&stream, At(100), false), At(100));
}

TEST(NextTime, RepeatsTheLastTimeThereIs) {
  ReplayState::Stream stream;
  EXPECT_EQ(NextTime(&stream, Timestamp::max(), true), Timestamp::max());
  EXPECT_EQ(NextTime(&stream, Timestamp::max(), true), Timestamp::max());
  EXPECT_EQ(NextTime(&stream, At(5), true), At(5));
}

TEST(NextTime, IsTheSameFromAStoredState) {
  ReplayState::Stream first;
  for (const std::int64_t raw : {5, 5, 5, 6}) (void)NextTime(&first, At(raw), true);
  ReplayState::Stream restored = first;
  for (const std::int64_t raw : {6, 7, 8, 8, 9, 3, 3}) {
    EXPECT_EQ(NextTime(&first, At(raw), true), NextTime(&restored, At(raw), true));
  }
}

}  // namespace
}  // namespace podtail
