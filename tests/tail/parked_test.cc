// SPDX-License-Identifier: Apache-2.0
// Files without a descriptor that are gone before they are opened again: what they
// still held is lost, and said to be (I4, decision 17).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tail/tailer_world.h"

namespace podtail {
namespace {

class ParkedTest : public TailerTest {
 protected:
  ParkedTest() { options.open_files_max = 1; }
  // Takes the one descriptor.
  void Park() {
    files.Append("/r/ns_other_uid/c/0.log", "x\n");
    Turns(10);
  }
};

TEST_F(ParkedTest, WhatIsGoneCannotBeReadAgain) {
  files.Append(Live(), "a\n");
  Start();
  Turns(3);
  Park();
  files.Unlink(Live());
  Turns(20);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_TRUE(closed[0].gone);
  EXPECT_TRUE(gaps.empty());
}

TEST_F(ParkedTest, WhatWasResetAndIsGoneIsDeclared) {
  files.Append(Live(), "a\nb\n");
  Start();
  Turns(3);
  ASSERT_EQ(opened.size(), 1U);
  Park();
  Checkpoint start = opened[0].start;
  tailer->Reset(opened[0].container, std::span(&start, 1));
  files.Unlink(Live());
  tailer->Resume(opened[0].container);
  Turns(20);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].source, opened.back().source);
  EXPECT_EQ(gaps[0].extent, (Extent{0, 4}));
  EXPECT_EQ(gaps[0].reason, LossReason::kUnpinned);
  EXPECT_EQ(closed.size(), 1U);
  EXPECT_TRUE(tailer->state().at_end);
}

TEST_F(ParkedTest, WhatGrewAfterItsEndAndIsGoneIsDeclared) {
  options.open_files_max = 10;
  files.Append(Live(), "a\n");
  Start();
  Turns(3);
  files.Rename(Live(), Rotated(1));
  files.Append(Live(), "b\n");
  Turns(30);
  ASSERT_EQ(closed.size(), 1U);
  tailer->Retire(closed[0].source);
  Turns(3);
  files.refused.insert(Rotated(1));  // as if there were no descriptor
  files.Append(Rotated(1), "late\n");
  Turns(10);
  files.Unlink(Rotated(1));
  Turns(30);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].extent, (Extent{2, 7}));
  EXPECT_EQ(closed.size(), 2U);
}

// What has to wait is not asked for again at once, or the caller never sleeps.
TEST_F(ParkedTest, ANewFileOfAPausedContainerKeepsNobodyAwake) {
  options.open_files_max = 10;
  files.Append(Live(), "a\n");
  Start();
  Turns(2);
  tailer->Pause(opened.at(0).container);
  files.Rename(Live(), Rotated(1));
  files.Append(Live(), "b\n");
  Turns(3);
  EXPECT_GT(tailer->Poll({Instant(now), files.now}, budget, &out), Instant(now));
  EXPECT_FALSE(tailer->state().at_end) << "nobody has read b yet";
  tailer->Reset(opened[0].container, std::span<const Checkpoint>(&opened[0].start, 1));
  EXPECT_FALSE(tailer->state().at_end) << "nor now";
  tailer->Resume(opened.at(0).container);
  Turns(20);
  EXPECT_EQ(lines, (Lines{"a", "a", "b"}));
}

TEST_F(ParkedTest, NeitherDoesAHeadThatCannotBeRead) {
  files.broken.insert(Live());
  files.Append(Live(), "a\n");
  Start();
  Turns(3);
  EXPECT_GT(tailer->Poll({Instant(now), files.now}, budget, &out), Instant(now));
  EXPECT_FALSE(tailer->state().at_end);
  files.broken.clear();
  Turns(10);
  EXPECT_EQ(lines, (Lines{"a"}));
}

}  // namespace
}  // namespace podtail
