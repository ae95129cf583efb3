// SPDX-License-Identifier: Apache-2.0
// The node does not wait for a turn's end: names change between two calls of one look.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/tail/tailer_world.h"

namespace podtail {
namespace {

class MovingTreeTest : public TailerTest {
 protected:
  // In front of the n-th Stat() of the next turn.
  void Before(int stat, std::function<void()> what) {
    files.stats_until_then = stat;
    files.meanwhile = std::move(what);
  }
  void Rotate(int n) {
    files.Rename(Live(), Rotated(n));
    files.Append(Live(), "of file " + std::to_string(n + 1) + "\n");
  }
  bool AnyLate() const {
    return std::any_of(began.begin(), began.end(), [](const SourceBegan& b) { return b.late; });
  }
};

// The name that was listed is another file's by the time it is looked at, and nobody has
// listed the older one's.
TEST_F(MovingTreeTest, ReadsWhatWasRotatedBehindTheFirstListingFirst) {
  files.Append(Live(), "of file 1\n");
  Before(1, [this] { Rotate(1); });
  Start();
  Turns(10);
  EXPECT_EQ(lines, (Lines{"of file 1", "of file 2"}));
  EXPECT_FALSE(AnyLate());
}

TEST_F(MovingTreeTest, ReadsTwoThatWereRotatedBehindAListingInTheirOrder) {
  files.Append(Live(), "of file 1\n");
  Start();
  Turns(3);
  files.Append(Live(), "more of file 1\n");
  Rotate(1);
  Before(1, [this] {
    Rotate(2);
    Rotate(3);
  });
  Turns(20);
  EXPECT_EQ(lines, (Lines{"of file 1", "more of file 1", "of file 2", "of file 3", "of file 4"}));
  EXPECT_FALSE(AnyLate());
}

// As often as it is listed: what is new is left for the next turn.
TEST_F(MovingTreeTest, LeavesADirectoryThatNeverStandsStillForLater) {
  files.Append(Live(), "of file 1\n");
  int rotations = 0;
  std::function<void()> again = [&] {
    if (++rotations > 8) return;
    Rotate(rotations);
    files.stats_until_then = 1;
  };
  Before(1, again);
  Start();
  Turns(60);
  Lines wanted;
  for (int n = 1; n <= 9; ++n) wanted.push_back("of file " + std::to_string(n));
  EXPECT_EQ(lines, wanted);
  EXPECT_FALSE(AnyLate());
}

// Written between the last look at a file and its sealing.
TEST_F(MovingTreeTest, DoesNotCutALineInTwoThatGrewSinceTheLastLook) {
  files.Append(Live(), "a\nbegun");
  Start();
  Turns(3);
  files.Rename(Live(), Rotated(1));
  files.Append(Live(), "c\n");
  Turns(3);
  files.meanwhile = [&] { files.Append(Rotated(1), " and ended\n"); };
  files.until_read_of = files.InodeOf(Rotated(1));  // nobody reads it while it rests
  Turns(60);
  EXPECT_EQ(files.until_read_of, 0U);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "begun and ended"), 1);
  EXPECT_EQ(lines.size(), 3U);
}

// A static pod that is made again counts from 0, and is another instance.
TEST_F(MovingTreeTest, TellsInstancesOfOneNumberApart) {
  files.Append(Live(), "a\n");
  files.Rename(Live(), std::string(kDirectory) + "/1.log");
  Start();
  Turns(3);
  files.Unlink(std::string(kDirectory) + "/1.log");
  files.Append(Live(), "b\n");
  Turns(10);
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_NE(opened[0].epoch, opened[1].epoch);
}

}  // namespace
}  // namespace podtail
