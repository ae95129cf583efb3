// SPDX-License-Identifier: Apache-2.0
// Files that begin again in place, and names that mislead (reliability.md A14-A28).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tail/tailer_world.h"

namespace podtail {
namespace {

using Lines = std::vector<std::string>;

class InPlaceTest : public TailerTest {};

TEST_F(InPlaceTest, ARefillToTheVerySameSizeIsNoticed) {
  files.Append(Live(), "abcd\n");
  Start();
  Turns(3);
  files.Truncate(Live(), 0);
  files.Append(Live(), "wxyz\n");
  Turns(4);
  EXPECT_EQ(lines, (Lines{"abcd", "wxyz"}));
  EXPECT_TRUE(gaps.empty()) << "all that was there had been read";
}

TEST_F(InPlaceTest, ARefillBeforeAnythingWasReadIsAnotherGeneration) {
  files.Append(Live(), "first head\n");
  budget.bytes_max = 0;
  Start();
  Turns(2);
  ASSERT_EQ(opened.size(), 1U);
  files.Truncate(Live(), 0);
  files.Append(Live(), "another head, and longer\n");
  budget.bytes_max = 64 * 1024;
  Turns(4);
  EXPECT_EQ(lines, Lines{"another head, and longer"});
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_NE(opened[0].file.head, opened[1].file.head);
}

TEST_F(InPlaceTest, WhatWasNotReadBeforeATruncationIsDeclaredLost) {
  files.Append(Live(), "abcd\n");
  Start();
  Turns(3);
  budget.bytes_max = 0;
  files.Append(Live(), "unread\n");
  Turns(2);
  files.Truncate(Live(), 0);
  budget.bytes_max = 64 * 1024;
  Turns(2);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].reason, LossReason::kTruncated);
  EXPECT_EQ(gaps[0].extent, (Extent{5, 12}));
}

// Longer by the next look: that it was cut shows when it is read. What had been seen of
// it by then is known to be gone.
TEST_F(InPlaceTest, WhatWasSeenOfAFileThatIsLongerAfterATruncationIsDeclaredLost) {
  files.Append(Live(), "abcd\n");
  Start();
  budget.bytes_max = 0;
  Turns(2);
  ASSERT_EQ(opened.size(), 1U);
  files.Truncate(Live(), 0);
  files.Append(Live(), "other bytes\n");
  budget.bytes_max = 64 * 1024;
  Turns(3);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].extent, (Extent{0, 5}));
  EXPECT_EQ(lines, (Lines{"other bytes"}));
}

TEST_F(InPlaceTest, TheOldIdentityIsForgottenOnceItIsSettled) {
  files.Append(Live(), "abcd\n");
  Start();
  Turns(3);
  files.Truncate(Live(), 0);
  files.Append(Live(), "w\n");
  Turns(4);
  ASSERT_EQ(closed.size(), 1U);
  tailer->Retire(closed[0].source);
  Turns(1);
  EXPECT_EQ(vanished, std::vector<FileIdentity>{opened[0].file});
}

TEST_F(InPlaceTest, ARetiredFileThatShrankIsReadFromItsBeginning) {
  files.Append(Live(), "abcd\n");
  Start();
  Turns(2);
  files.Rename(Live(), Rotated(1));
  files.Append(Live(), "next\n");
  Turns(30);
  ASSERT_EQ(closed.size(), 1U);
  tailer->Retire(closed[0].source);
  files.Truncate(Rotated(1), 0);
  files.Append(Rotated(1), "x\n");
  Turns(6);
  EXPECT_EQ(lines, (Lines{"abcd", "next", "x"}));
}

TEST_F(InPlaceTest, AHoleInFrontIsCountedAndNotALine) {
  for (const std::size_t hole : {std::size_t{1}, std::size_t{255}, std::size_t{256},
                                 std::size_t{4096}, std::size_t{100'000}}) {
    const std::string path = "/r/ns_pod_uid/h" + std::to_string(hole) + "/0.log";
    lines.clear();
    gaps.clear();
    files.Append(path, std::string(hole, '\0') + "after\nmore\n");
    Start();
    Turns(20);
    EXPECT_EQ(lines, (Lines{"after", "more"})) << hole;
    std::uint64_t lost = 0;
    for (const Gap& gap : gaps) {
      EXPECT_EQ(gap.reason, LossReason::kNulRun);
      EXPECT_EQ(gap.extent.begin, lost);
      lost = gap.extent.end;
    }
    EXPECT_EQ(lost, hole);
    files.Unlink(path);
  }
}

TEST_F(InPlaceTest, NulsWithinALineAreItsBytes) {
  const std::string line = "a" + std::string(300, '\0') + "b";
  files.Append(Live(), line + "\n" + std::string(3, '\0') + "\n");
  Start();
  Turns(3);
  EXPECT_EQ(lines, (Lines{line, std::string(3, '\0')}));
  EXPECT_TRUE(gaps.empty());
}

TEST_F(InPlaceTest, AHardLinkIsReadOnce) {
  files.Append(Live(), "a\n");
  files.HardLink(Live(), Rotated(1));
  files.HardLink(Live(), "/r/ns_other_uid/c/0.log");
  Start();
  Turns(6);
  EXPECT_EQ(lines, Lines{"a"});
  files.Append(Live(), "b\n");
  files.Unlink(Rotated(1));
  Turns(6);
  EXPECT_EQ(lines, (Lines{"a", "b"}));
}

// A second name says where a file belongs only if it is the newer one.
TEST_F(InPlaceTest, ALiveFileWithASecondNameAtTheStartIsTheNewestAllTheSame) {
  files.Append(Rotated(2), "a\n");
  files.Append(Live(), "b\n");
  files.HardLink(Live(), Rotated(1));
  files.now += std::chrono::hours(1);
  Start();
  Turns(6);
  EXPECT_EQ(lines, (Lines{"a", "b"}));
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_EQ(opened.back().path, Live());
}

TEST_F(InPlaceTest, AFileMovedToAnotherPodKeepsItsNameOfFirstSight) {
  files.Append(Live(), "a\n");
  files.Append("/r/ns_pod_uid/c/1.log", "x\n");
  Start();
  Turns(4);
  const std::size_t before = opened.size();
  files.Rename(Live(), "/r/ns_other_uid/c/0.log");
  files.Append("/r/ns_other_uid/c/0.log", "b\n");
  Turns(10);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "a"), 1);
  EXPECT_EQ(lines.back(), "b");
  EXPECT_EQ(opened.size(), before) << "no second source, no other labels";
}

TEST_F(InPlaceTest, AFileIsNotForgottenBeforeAPassSawWhereItMayHaveGone) {
  files.Append(Rotated(1), "a\n");
  files.Append(Live(), "b\n");
  files.now += std::chrono::hours(1);
  Start();
  Turns(30);
  ASSERT_EQ(closed.size(), 1U);
  tailer->Retire(closed[0].source);
  const std::string other = "/r/ns_other_uid/c";
  files.unlisted = {"/r/ns_other_uid/"};
  files.Rename(Rotated(1), other + "/0.log.20240101-000001");
  Turns(400);
  EXPECT_TRUE(vanished.empty()) << "it stands there, and nobody could look";
  files.unlisted.clear();
  Turns(100);
  EXPECT_TRUE(vanished.empty());
  EXPECT_EQ(lines, (Lines{"a", "b"})) << "and it is not another file";
  files.Unlink(other + "/0.log.20240101-000001");
  Turns(200);
  EXPECT_EQ(vanished.size(), 1U);
}

TEST_F(InPlaceTest, RotatedNamesThatSortWrongDoNotChangeTheOrder) {
  files.Append(Live(), "a\n");
  Start();
  Turns(2);
  budget.bytes_max = 0;  // looks, and does not read
  files.Append(Live(), "b\n");
  files.Rename(Live(), Rotated(5));
  files.Append(Live(), "c\n");
  Turns(2);
  files.Rename(Live(), Rotated(3));  // the clock was set back
  files.Append(Live(), "d\n");
  Turns(2);
  budget.bytes_max = 64 * 1024;
  Turns(20);
  EXPECT_EQ(lines, (Lines{"a", "b", "c", "d"}));
}

TEST_F(InPlaceTest, AnEmptyRootIsNoReasonToForget) {
  files.Append(Live(), "a\n");
  Start();
  Turns(2);
  Checkpoint known{opened[0].file, last, {}, Live(), 1};
  tailer.reset();
  files.Unlink(Live());
  files.Append("/elsewhere/x", "");
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(400);
  EXPECT_TRUE(vanished.empty()) << "unmounted, for all anyone knows";
  files.Append("/r/ns_other_uid/c/0.log", "x\n");
  Turns(400);
  EXPECT_EQ(vanished, std::vector<FileIdentity>{known.file}) << "now it is gone for sure";
}

TEST_F(InPlaceTest, ACheckpointOfAFileThatIsNotAskedForIsKept) {
  files.Append(Live(), "a\n");
  Start();
  Turns(2);
  Checkpoint known{opened[0].file, last, {}, Live(), 1};
  tailer.reset();
  options.exclude = {"ns_pod_uid/*/*"};
  files.Append("/r/ns_other_uid/c/0.log", "x\n");
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(400);
  EXPECT_TRUE(vanished.empty());
}

TEST_F(InPlaceTest, DeletedFilesAreKeptUpToABudgetAndTheRestIsDeclared) {
  options.pinned_bytes_max = 12;
  files.Append(Live(), "a\n");
  files.Append("/r/ns_pod_uid/d/0.log", "b\n");
  files.Append("/r/ns_pod_uid/other/0.log", "x\n");
  Start();
  Turns(3);
  budget.bytes_max = 0;
  files.Append(Live(), "0123456\n");
  files.Append("/r/ns_pod_uid/d/0.log", "abcdef\n");
  files.Unlink(Live());
  files.Unlink("/r/ns_pod_uid/d/0.log");
  Turns(4);
  ASSERT_EQ(gaps.size(), 1U) << "the oldest of them goes, the other one fits";
  EXPECT_EQ(gaps[0].reason, LossReason::kUnpinned);
  EXPECT_EQ(gaps[0].extent, (Extent{2, 10}));
  budget.bytes_max = 64 * 1024;
  Turns(30);
  EXPECT_EQ(lines.back(), "abcdef");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "0123456"), 0);
}

TEST_F(InPlaceTest, NobodyWaitsForMoreThanTwoTurns) {
  const std::string loud(200'000, 'l');
  for (int i = 0; i < 20; ++i) {
    std::string bytes;
    for (int n = 0; n < 3000; ++n) bytes += "loud line of pod " + std::to_string(i) + "\n";
    files.Append("/r/ns_loud" + std::to_string(i) + "_uid/c/0.log", bytes);
  }
  files.Append("/r/ns_zquiet_uid/c/0.log", "start\n");
  options.read_buffer_bytes = 1024 * 1024;
  Start();
  Turns(1);
  lines.clear();
  files.Append("/r/ns_zquiet_uid/c/0.log", "quiet\n");
  Turns(2);
  EXPECT_NE(std::find(lines.begin(), lines.end(), "quiet"), lines.end());
}

TEST_F(InPlaceTest, AFileThatMayNotBeOpenedKeepsItsPlace) {
  files.Append(Rotated(1), "a\n");
  files.Append(Live(), "b\n");
  files.now += std::chrono::hours(1);
  files.refused.insert(Rotated(1));
  Start();
  Turns(6);
  EXPECT_EQ(lines, Lines{});
  files.refused.clear();
  Turns(6);
  EXPECT_EQ(lines, (Lines{"a", "b"}));
}

// A14: what retention took before it could be read is named, and stops nobody.
TEST_F(InPlaceTest, AFileThatWentBeforeItCouldBeOpenedIsNamed) {
  files.Append(Rotated(1), "a\n");
  files.Append(Live(), "b\n");
  files.now += std::chrono::hours(1);
  files.refused.insert(Rotated(1));
  Start();
  Turns(6);
  files.Unlink(Rotated(1));
  Turns(12);
  EXPECT_EQ(lines, Lines{"b"});
  EXPECT_EQ(std::count(said.skipped.begin(), said.skipped.end(),
                       std::pair(Rotated(1), SkipReason::kMissed)),
            1);
}

TEST_F(InPlaceTest, AFileThatMayNotBeOpenedKeepsItsPlaceWhileTheTreeIsAway) {
  files.hints = true;
  files.Append(Rotated(1), "a\n");
  files.Append(Rotated(2), "b\n");
  files.Append(Live(), "c\n");
  files.refused = {Rotated(1)};
  files.now += std::chrono::hours(1);
  Start();
  Turns(1);
  files.unmounted = true;
  Turns(40);
  files.unmounted = false;
  files.refused.clear();
  Turns(20);
  EXPECT_EQ(lines, (Lines{"a", "b", "c"}));
}

TEST_F(InPlaceTest, ManyRotationsBetweenTwoLooksTakeNoMoreThanOneGrace) {
  files.Append(Live(), "0\n");
  Start();
  Turns(2);
  Lines expected{"0"};
  for (int i = 1; i < 10; ++i) {
    files.Rename(Live(), Rotated(i));
    files.Append(Live(), std::to_string(i) + "\n");
    expected.push_back(std::to_string(i));
  }
  Turns(8);  // 2.4 s
  EXPECT_EQ(lines, expected);
}

TEST_F(InPlaceTest, EmptyFilesLendTheirDescriptors) {
  options.open_files_max = 1;
  files.Append(Live(), "");
  files.Append("/r/ns_pod_uid/d/0.log", "");
  Start();
  Turns(6);
  files.Append("/r/ns_pod_uid/d/0.log", "b\n");
  Turns(6);
  files.Append(Live(), "a\n");
  Turns(6);
  EXPECT_EQ(lines, (Lines{"b", "a"}));
}

TEST_F(InPlaceTest, ARotatedFileThatLentItsDescriptorDoesNotStopItsContainer) {
  options.open_files_max = 2;
  for (int i = 0; i < 6; ++i) {
    files.Append("/r/ns_pod_uid/c" + std::to_string(i) + "/0.log", "first\n");
  }
  Start();
  Turns(10);
  ASSERT_EQ(lines.size(), 6U);
  files.Rename("/r/ns_pod_uid/c0/0.log", "/r/ns_pod_uid/c0/0.log.20240101-000001");
  files.Append("/r/ns_pod_uid/c0/0.log", "second\n");
  Turns(20);
  EXPECT_EQ(lines.back(), "second");
}

TEST_F(InPlaceTest, WhatComesBetweenTheSealAndTheCommitIsRead) {
  files.Append(Live(), "a\n");
  Start();
  Turns(2);
  files.Rename(Live(), Rotated(1));
  files.Append(Live(), "b\n");
  Turns(30);
  ASSERT_EQ(closed.size(), 1U);
  files.Append(Rotated(1), "after the seal\n");
  files.Unlink(Rotated(1));  // retention, while the sink has not answered yet
  Turns(2);
  tailer->Retire(closed[0].source);
  Turns(6);
  EXPECT_EQ(lines, (Lines{"a", "b", "after the seal"}));
}

TEST_F(InPlaceTest, AStaticPodThatIsMadeAgainCountsFromZero) {
  files.Append("/r/ns_pod_uid/c/2.log", "old\n");
  files.Append("/r/ns_other_uid/c/0.log", "");
  Start();
  Turns(2);
  files.Append("/r/ns_pod_uid/c/2.log", "last of it\n");
  files.Unlink("/r/ns_pod_uid/c/2.log");
  Turns(3);
  files.Append(Live(), "new\n");
  Turns(40);
  EXPECT_EQ(lines, (Lines{"old", "last of it", "new"}));
  EXPECT_EQ(closed.size(), 1U) << "the new one is the one being written";
  files.Append(Live(), "more\n");
  Turns(3);
  EXPECT_EQ(lines.back(), "more");
}

TEST_F(InPlaceTest, AFewEqualBytesProveNothing) {
  files.Append(Live(), "\n");
  Start();
  Turns(2);
  const Checkpoint known{opened[0].file, last, {}, Live(), 1};
  tailer.reset();
  files.Unlink(Live());
  files.Append("/r/keeps_inode_x/c/0.log", "x\n");
  files.Append(Live(), "\nsecond\n");
  lines.clear();
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(5);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), ""), 1);
}

TEST_F(InPlaceTest, AReadThatGivesLessThanTheSizeIsNoTruncation) {
  files.Append(Live(), "a\n");
  Start();
  Turns(2);
  files.Append(Live(), "b\n");
  files.read_bytes_max = 0;
  Turns(4);
  files.read_bytes_max = SIZE_MAX;
  Turns(6);
  EXPECT_EQ(lines, (Lines{"a", "b"}));
  EXPECT_TRUE(gaps.empty());
}

TEST_F(InPlaceTest, AFileThatWaitsForAnOlderOneLendsItsDescriptorToIt) {
  options.open_files_max = 1;
  files.Append(Live(), "new\n");
  files.refused.insert(Rotated(1));
  files.Append(Rotated(1), "old\n");
  files.now += std::chrono::hours(1);
  Start();
  Turns(6);
  files.refused.clear();
  Turns(20);
  EXPECT_EQ(lines, (Lines{"old", "new"}));
}

TEST_F(InPlaceTest, TooFewDescriptorsAreNotADeletion) {
  options.open_files_max = 2;
  files.Append(Live(), "a\n");
  files.Append("/r/ns_pod_uid/d/0.log", "b\n");
  files.Append("/r/ns_pod_uid/e/0.log", "c\n");
  Start();
  Turns(60);
  EXPECT_EQ(lines.size(), 3U);
  EXPECT_TRUE(closed.empty());
  EXPECT_TRUE(gaps.empty());
}

}  // namespace
}  // namespace podtail
