// SPDX-License-Identifier: Apache-2.0
// What becomes of a source after its end: it may grow, be looked for, be forgotten.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/tail/tailer_world.h"

namespace podtail {
namespace {

class SourceEndTest : public TailerTest {};

TEST_F(SourceEndTest, GoesOnUnderANewIdWhenASealedFileGrows) {
  files.Append(Live(), "a\n");
  Start();
  Turns(2);
  files.Rename(Live(), Rotated(1));
  files.Append(Live(), "b\n");
  Turns(30);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_FALSE(closed[0].finishes_instance);
  tailer->Retire(closed[0].source);
  files.Append(Rotated(1), "much too late\n");
  Turns(10);
  EXPECT_EQ(lines, (Lines{"a", "b", "much too late"}));
  EXPECT_EQ(opened.back().start.committed.offset, 2U);
}

// A listing shows it, and the file system does not say what it is: it is not gone.
TEST_F(SourceEndTest, KeepsTheCheckpointOfWhatCannotBeLookedAt) {
  files.Append(Live(), "a\nb\n");
  Start();
  Turns(3);
  Checkpoint known = opened[0].start;
  known.committed = last;
  files.Append("/r/ns_other_uid/c/0.log", "x\n");
  files.unseen.insert(Live());
  Start(std::span(&known, 1), false);
  Turns(200);
  EXPECT_TRUE(vanished.empty());
  files.unseen.clear();
  Turns(10);
  EXPECT_EQ(opened.back().start.committed.offset, 4U);
}

// 0 where malloc is a sanitizer's.
std::size_t Allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// A node runs for years and rotates all the time.
TEST_F(SourceEndTest, RemembersNothingOfSourcesThatAreRetired) {
  options.seal_grace = options.switch_grace = Duration::zero();
  files.Append(Live(), "a\n");
  Start();
  std::size_t sources = 0;
  const auto live_through = [&](std::size_t more) {
    const std::size_t end = sources + more;
    while (sources < end) {
      files.Append(Live(), "a\n");
      files.Rename(Live(), Rotated(1));
      files.Append(Live(), "a\n");
      files.LoseHints();  // or they would be kept for ever
      said.rotated.clear();
      for (int i = 0; i < 4; ++i) {
        now += std::chrono::seconds(1);
        tailer->Poll({Instant(now), files.now}, budget, &out);
        for (const SourceClosed& closed_now : out.closed()) {
          ++sources;
          tailer->Retire(closed_now.source);
        }
      }
    }
  };
  live_through(1000);
  const std::size_t before = Allocated();
  live_through(4000);
  EXPECT_LT(Allocated(), before + 64 * 1024);
}

// The live file of an instance that ends right behind a rotation.
TEST_F(SourceEndTest, AnEmptyLastFileDoesNotHideTheEndOfItsInstance) {
  files.Append(Live(), "a\n");
  Start();
  Turns(3);
  files.Rename(Live(), Rotated(1));
  files.Append(Live(), "");
  files.Append(std::string(kDirectory) + "/1.log", "b\n");
  Turns(200);
  ASSERT_FALSE(closed.empty());
  EXPECT_EQ(closed.back().source, opened.at(0).source);
  EXPECT_TRUE(closed.back().finishes_instance);
}

// Its pod is deleted, so nobody rotates it into one that is read.
TEST_F(SourceEndTest, AFileOfOneUnfinishedLineIsNewerThanThoseBeforeIt) {
  files.Append(Live(), "a\n");
  Start();
  Turns(3);
  files.Rename(Live(), Rotated(1));
  files.Append(Live(), "no end");
  Turns(3);
  files.Unlink(Live());
  Turns(100);
  EXPECT_EQ(lines, (Lines{"a", "no end"}));
  ASSERT_EQ(began.size(), 1U);
  EXPECT_EQ(began[0].source, opened.at(1).source);
  EXPECT_EQ(began[0].older, std::vector<SourceId>{opened.at(0).source});
}

TEST_F(SourceEndTest, AnUnfinishedLineWaitsForAnOlderFile) {
  files.Append(Live(), "earlier life\n");
  Start();
  Turns(3);
  Checkpoint known = opened[0].start;
  known.committed = last;
  files.Append(Rotated(1), "a\n");
  files.Append(Live(), "no end");
  Start(std::span(&known, 1), false);
  Turns(10);
  files.broken.insert(Rotated(1));
  files.Append(Rotated(1), "b\n");
  files.Unlink(Live());
  Turns(100);
  EXPECT_EQ(lines, (Lines{"earlier life", "a"}));
  files.broken.clear();
  Turns(100);
  EXPECT_EQ(lines, (Lines{"earlier life", "a", "b", "no end"}));
}

// Each of them was never opened: whoever goes last says it.
TEST_F(SourceEndTest, FilesThatNobodyCouldOpenDoNotHideTheEndOfTheirInstance) {
  files.Append("/r/ns_other_uid/c/0.log", "the root stands\n");
  files.Append(Live(), "a\n");
  Start();
  Turns(3);
  files.Rename(Live(), Rotated(1));
  Turns(3);
  files.refused = {Rotated(2), Live()};
  files.Append(Rotated(2), "b\n");
  files.Append(Live(), "c\n");
  files.Unlink(Rotated(1));
  Turns(100);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_FALSE(closed[0].finishes_instance);
  files.Unlink(Rotated(2));
  files.Unlink(Live());
  Turns(100);
  ASSERT_EQ(closed.size(), 2U);
  EXPECT_EQ(closed[1].source, closed[0].source);
  EXPECT_TRUE(closed.back().finishes_instance);
}

// Its directory was renamed: what its writer goes on with is another container's.
TEST_F(SourceEndTest, AFileThatIsFollowedWhereItWasMovedEndsItsInstance) {
  const std::string moved = "/r/ns_moved_uid/c/0.log";
  files.Append(Live(), "a\n");
  Start();
  Turns(3);
  files.Rename(Live(), moved);
  Turns(100);
  EXPECT_TRUE(closed.empty()) << "it is still written";
  files.Rename(moved, moved + ".20240101-000001");
  files.Append(moved, "b\n");
  Turns(100);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].source, opened.at(0).source);
  EXPECT_TRUE(closed[0].finishes_instance);
  EXPECT_EQ(lines, (Lines{"a", "b"}));
}

// One file of several was moved away: its instance goes on where it was.
TEST_F(SourceEndTest, AFileThatWasMovedAwayAloneEndsNothing) {
  files.Append(Live(), "a\n");
  files.Append("/r/ns_other_uid/c/0.log", "x\n");
  Start();
  Turns(3);
  files.Rename(Live(), "/r/ns_other_uid/c/0.log.20240101-000001");
  files.Append(Live(), "");
  files.Append("/r/ns_other_uid/c/1.log", "y\n");
  Turns(100);
  const auto moved = std::find_if(opened.begin(), opened.end(),
                                  [&](const SourceOpened& each) { return each.path == Live(); });
  ASSERT_NE(moved, opened.end());
  const auto of_it = [&](const SourceClosed& each) { return each.source == moved->source; };
  ASSERT_EQ(std::count_if(closed.begin(), closed.end(), of_it), 1);
  EXPECT_FALSE(std::find_if(closed.begin(), closed.end(), of_it)->finishes_instance);
}

TEST_F(SourceEndTest, AParkedFileIsSealedLikeAnyOther) {
  options.open_files_max = 1;
  files.Append(Live(), "a\n");
  Start();
  Turns(3);
  // The only descriptor goes to another container, and stays there.
  files.Append("/r/ns_pod_uid/other/0.log", "x");
  Turns(3);
  files.Append(std::string(kDirectory) + "/1.log", "");
  Turns(200);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].source, opened.at(0).source);
  EXPECT_TRUE(closed[0].finishes_instance);
}

}  // namespace
}  // namespace podtail
