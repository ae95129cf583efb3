// SPDX-License-Identifier: Apache-2.0
// Hints make looking rare; passes stay the truth (reliability.md E3, E4).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tail/tailer_world.h"

namespace podtail {
namespace {

using Lines = std::vector<std::string>;

class ChangeHintsTest : public TailerTest {
 protected:
  ChangeHintsTest() { files.hints = true; }
};

TEST_F(ChangeHintsTest, AreEnoughToFollowGrowthRotationAndNewPods) {
  files.Append(Live(), "a\n");
  Start();
  Turns(3);
  files.Append(Live(), "b\n");
  Turns(1);
  EXPECT_EQ(lines, (Lines{"a", "b"})) << "at once";
  files.Append("/r/ns_new_uid/c/0.log", "x\n");
  Turns(1);
  EXPECT_EQ(lines.back(), "x");
  files.Rename(Live(), Rotated(1));
  files.Append(Rotated(1), "late\n");
  files.Append(Live(), "c\n");
  Turns(6);
  EXPECT_EQ(lines, (Lines{"a", "b", "x", "late", "c"}));
  Turns(30);
  EXPECT_EQ(closed.size(), 1U);
}

TEST_F(ChangeHintsTest, CostNothingWhileNothingHappens) {
  for (int i = 0; i < 100; ++i) {
    files.Append("/r/ns_pod_uid/c" + std::to_string(i) + "/0.log", "line\n");
  }
  Start();
  Turns(10);
  const std::uint64_t lists = files.lists;
  const std::uint64_t stats = files.stats;
  Turns(100);  // 30 s
  EXPECT_EQ(files.lists, lists);
  EXPECT_EQ(files.stats, stats);
  const Instant due = tailer->Poll({Instant(now), files.now}, budget, &out);
  EXPECT_GT(due, Instant(now + std::chrono::seconds(10)));
}

// More files are written to in each turn than it looks at: each waits once.
TEST_F(ChangeHintsTest, DoNotPileUpWhereMoreComeThanATurnLooksAt) {
  const auto path = [](int i) { return "/r/ns_pod_uid/c" + std::to_string(i) + "/0.log"; };
  const auto write_all = [&] {
    for (int i = 0; i < 1200; ++i) files.Append(path(i), "line\n");
  };
  options.read_buffer_bytes = 1024 * 1024;
  write_all();
  Start();
  const auto quick = [&](int turns) { Turns(turns, std::chrono::milliseconds(1)); };
  quick(30);
  for (int turn = 0; turn < 60; ++turn) {
    write_all();
    quick(1);
  }
  quick(8);
  EXPECT_EQ(lines.size(), 1200U * 61U);
  const Instant due = tailer->Poll({Instant(now), files.now}, budget, &out);
  EXPECT_GT(due, Instant(now)) << "it still looks at files that have not changed";
}

TEST_F(ChangeHintsTest, ThatWereLostAreMadeGoodByAPass) {
  files.Append(Live(), "a\n");
  Start();
  Turns(3);
  files.Append(Live(), "b\n");
  files.Append("/r/ns_new_uid/c/0.log", "x\n");
  files.LoseHints();
  Turns(4);
  EXPECT_EQ(lines, (Lines{"a", "b", "x"}));
}

TEST_F(ChangeHintsTest, MayBeMissingSilently) {
  options.rescan_interval = std::chrono::seconds(5);
  files.Append(Live(), "a\n");
  Start();
  Turns(3);
  files.Append(Live(), "b\n");
  files.LoseHints();
  files.overflow = false;
  Turns(20);
  EXPECT_EQ(lines, (Lines{"a", "b"}));
}

TEST_F(ChangeHintsTest, OfFilesAndPlacesNobodyKnowsDoNoHarm) {
  files.Append(Live(), "a\n");
  Start();
  Turns(3);
  files.Append("/elsewhere/x", "x\n");
  files.Append("/rr/ns_pod_uid/c/0.log", "x\n");
  files.Append("/r/loose", "x\n");
  files.Append("/r/ns_pod_uid/loose", "x\n");
  files.Append(Live() + ".20240101-000001.tmp", "x\n");
  files.Append(Live(), "b\n");
  Turns(3);
  EXPECT_EQ(lines, (Lines{"a", "b"}));
}

// Hints of the new directory name a file that another container has: it is looked at
// as often as one that waits for something.
TEST_F(ChangeHintsTest, AFileThatWasMovedIsReadOnWhereverItStands) {
  files.Append(Live(), "a\n");
  files.Append("/r/ns_still_uid/c/0.log", "");
  Start();
  Turns(4);
  files.Rename(Live(), "/r/ns_other_uid/c/0.log");
  Turns(4);
  files.Append("/r/ns_other_uid/c/0.log", "b\n");
  Turns(4);
  files.Append("/r/ns_other_uid/c/0.log", "c\n");
  Turns(4);
  EXPECT_EQ(lines, (Lines{"a", "b", "c"}));
  EXPECT_EQ(opened.size(), 1U);
}

TEST_F(ChangeHintsTest, FollowALinkToItsTarget) {
  const std::string target = "/var/lib/docker/containers/id/id-json.log";
  files.Append(target, "a\n");
  files.Link(Live(), target);
  Start();
  Turns(3);
  files.Append(target, "b\n");
  Turns(1);
  EXPECT_EQ(lines, (Lines{"a", "b"}));
}

}  // namespace
}  // namespace podtail
