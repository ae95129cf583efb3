// SPDX-License-Identifier: Apache-2.0
// sources.md B.4-B.7, reliability.md appendix B, over a file system in memory.
#include "podtail/tailer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tail/tailer_world.h"

namespace podtail {
namespace {

TEST_F(TailerTest, HandsOutCompleteLinesAndWaitsForTheRest) {
  files.Append(Live(), "one\ntwo\nthr");
  Start();
  Turns(3);
  EXPECT_EQ(lines, (Lines{"one", "two"}));
  EXPECT_EQ(tailer->state().unread_bytes, 3U);
  EXPECT_TRUE(tailer->state().at_end);
  files.Append(Live(), "ee\n");
  Turns(2);
  EXPECT_EQ(lines, (Lines{"one", "two", "three"}));
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].path, Live());
  EXPECT_EQ(opened[0].start.committed.offset, 0U);
}

TEST_F(TailerTest, HasNoIdentityBeforeItsFirstLineIsComplete) {
  files.Append(Live(), "partial");
  Start();
  Turns(3);
  EXPECT_TRUE(opened.empty());
  EXPECT_EQ(tailer->state().unread_bytes, 7U);
  files.Append(Live(), " line\n");
  Turns(3);
  EXPECT_EQ(opened.size(), 1U);
  EXPECT_EQ(lines, (Lines{"partial line"}));
}

TEST_F(TailerTest, ReadsGenerationsOldestFirstAndFollowsARename) {
  files.Append(Rotated(1), "a\n");
  files.Append(Rotated(2), "b\n");
  files.Append(Live(), "c\n");
  files.now += std::chrono::hours(1);
  Start();
  Turns(4);
  EXPECT_EQ(lines, (Lines{"a", "b", "c"}));
  files.Rename(Live(), Rotated(3));
  files.Append(Rotated(3), "late in the old one\n");
  files.Append(Live(), "d\n");
  Turns(12);
  EXPECT_EQ(lines, (Lines{"a", "b", "c", "late in the old one", "d"}));
  EXPECT_EQ(opened.size(), 4U);
  EXPECT_EQ(said.rotated, std::vector<std::string>{Rotated(3)});
}

TEST_F(TailerTest, WaitsBeforeTheNextGenerationForWhatTheRuntimeMayStillAppend) {
  files.Append(Live(), "a\n");
  Start();
  Turns(2);
  files.Rename(Live(), Rotated(1));
  files.Append(Live(), "c\n");
  Turns(2, std::chrono::milliseconds(250));
  EXPECT_EQ(lines, (Lines{"a"})) << "not before switch_grace is over";
  files.Append(Rotated(1), "b\n");
  Turns(12);
  EXPECT_EQ(lines, (Lines{"a", "b", "c"}));
}

// D1: times of waiting are told by the monotonic clock alone.
TEST_F(TailerTest, IsTheSameWhereverTheWallClockJumpsTo) {
  const std::vector<Duration> jumps = {-std::chrono::hours(1), std::chrono::hours(1),
                                       std::chrono::years(10), -files.now.time_since_epoch()};
  for (std::size_t i = 0; i < jumps.size(); ++i) {
    const std::string number = std::to_string(i);
    files.Append(Live(), "a" + number + "\n");
    if (i == 0) Start();
    Turns(4);
    files.Rename(Live(), Rotated(static_cast<int>(i)));
    files.now += jumps[i];
    files.Append(Live(), "c" + number + "\n");
    Turns(2, std::chrono::milliseconds(250));
    files.Append(Rotated(static_cast<int>(i)), "b" + number + "\n");
    Turns(12);
    EXPECT_EQ(lines, (Lines{"a" + number, "b" + number, "c" + number})) << "jump " << i;
    lines.clear();
  }
  EXPECT_EQ(opened.size(), 1 + jumps.size()) << "nothing is read again";
  EXPECT_TRUE(gaps.empty());
}

TEST_F(TailerTest, KeepsReadingAFileWhoseNameIsGone) {
  files.Append(Live(), "a\n");
  Start();
  Turns(2);
  files.Append("/r/ns_other_uid/c/0.log", "");  // the root stays readable
  files.Append(Live(), "b\nc");
  files.Unlink(Live());
  Turns(3);
  EXPECT_EQ(lines, (Lines{"a", "b"}));
  EXPECT_TRUE(closed.empty()) << "seal_grace is not over";
  Turns(25);
  EXPECT_EQ(lines, (Lines{"a", "b", "c"})) << "nothing will complete its last line";
  EXPECT_FALSE(ends.back());
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_TRUE(closed[0].finishes_instance);
  EXPECT_EQ(closed[0].end, 5U);
  tailer->Retire(closed[0].source);
  Turns(120);
  EXPECT_EQ(vanished.size(), 1U);
  EXPECT_EQ(tailer->state().files_open, 1U);
}

TEST_F(TailerTest, WaitsForTheWriterOfAQuietFileThatIsDeleted) {
  files.Append(Live(), "a\n");
  Start();
  Turns(30);
  files.Append("/r/ns_other_uid/c/0.log", "");   // the root stays readable
  const std::string held = Rotated(1) + ".tmp";  // a name for the test alone
  files.HardLink(Live(), held);
  files.Unlink(Live());
  files.SetDeleted(held);
  Turns(3);
  EXPECT_TRUE(closed.empty()) << "it rested for long, but its writer was told just now";
  files.Append(held, "b\n");
  Turns(3);
  EXPECT_EQ(lines, (Lines{"a", "b"}));
  EXPECT_EQ(opened.size(), 1U);
  Turns(25);
  EXPECT_EQ(closed.size(), 1U);
}

TEST_F(TailerTest, TellsAReusedInodeFromTheFileThatHadIt) {
  files.Append(Live(), "a\n");
  Start();
  Turns(2);
  const std::uint64_t inode = files.InodeOf(Live());
  const Checkpoint known{opened[0].file, last, {}, Live(), 1};
  tailer.reset();
  files.Unlink(Live());
  files.Append(Live(), "b\nb\n");
  ASSERT_EQ(files.InodeOf(Live()), inode) << "the test is about this";
  lines.clear();
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(3);
  EXPECT_EQ(lines, (Lines{"b", "b"}));
}

// Of an earlier life's file, the next one was begun and this one was not: it is late.
// That needs more than an inode, which may have been another file's.
TEST_F(TailerTest, KnowsANewerFileThatAnEarlierLifeHasBegun) {
  for (const bool birth_times : {true, false}) {
    files.birth_times = birth_times;
    files.Append(Rotated(1), "");
    files.Append(Live(), "newer\n");
    files.now += std::chrono::hours(1);
    Start({}, false);
    Turns(4);
    ASSERT_EQ(began.size(), 1U);
    EXPECT_TRUE(began[0].older_empty);
    const Checkpoint known{opened[0].file, {}, {}, Live(), 1};
    tailer.reset();
    began.clear();
    opened.clear();
    files.Append(Rotated(1), "late\n");
    files.Truncate(Live(), 0);  // nothing to recognise it by yet
    Start(std::span<const Checkpoint>(&known, 1), false);
    Turns(4);
    EXPECT_EQ(began.size(), birth_times ? 1U : 0U);
    EXPECT_TRUE(began.empty() || began[0].late);
    tailer.reset();
    began.clear();
    opened.clear();
    files.Unlink(Live());
    files.Unlink(Rotated(1));
  }
}

TEST_F(TailerTest, ResumesBehindTheCheckpointUnderAnyName) {
  files.Append(Live(), "a\nb\n");
  Start();
  Turns(2);
  const Checkpoint known{opened[0].file, last, {}, Live(), 1};
  tailer.reset();
  files.Append(Live(), "c\n");
  files.Rename(Live(), Rotated(1));
  files.Append(Live(), "d\n");
  files.now += std::chrono::hours(1);
  lines.clear();
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(4);
  EXPECT_EQ(lines, (Lines{"c", "d"}));
}

TEST_F(TailerTest, ReadsAgainWhenTheBytesBeforeTheCheckpointAreOthers) {
  files.Append(Live(), "same head\nb\n");
  Start();
  Turns(2);
  const Checkpoint known{opened[0].file, last, {}, Live(), 1};
  tailer.reset();
  files.Truncate(Live(), 0);
  files.Append(Live(), "same head\nX\nmore\n");
  lines.clear();
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(3);
  EXPECT_EQ(lines, (Lines{"same head", "X", "more"}));
}

TEST_F(TailerTest, GivesACopyTheCheckpointOnlyWhenTheOriginalIsGone) {
  const std::string head(30, 'h');
  files.Append(Live(), head + "\nb\n");
  Start();
  Turns(2);
  const Checkpoint known{opened[0].file, last, {}, Live(), 1};
  tailer.reset();
  // A copy that sorts before the original: it must be read from its beginning.
  files.Append(Rotated(1), head + "\nb\n");
  lines.clear();
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(4);
  EXPECT_EQ(lines, (Lines{head, "b"}));
  tailer.reset();
  // Without the original (another inode after a restore) it continues.
  files.Unlink(Live());
  lines.clear();
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(4);
  EXPECT_EQ(lines, Lines{});
}

TEST_F(TailerTest, NoticesTruncationToSmallerEqualAndLarger) {
  for (const std::string after : {"x\n", "wxyz\n", "something much longer\n"}) {
    const std::string path = "/r/ns_pod_uid/c" + std::to_string(after.size()) + "/0.log";
    lines.clear();
    gaps.clear();
    files.Append(path, "abcd\n");
    Start();
    Turns(2);
    files.Truncate(path, 0);
    files.Append(path, after);
    // The size says it for a smaller file; bytes before the offset for the others,
    // as soon as there is something to read.
    files.Append(path, "next\n");
    Turns(4);
    EXPECT_TRUE(gaps.empty()) << "all that was there had been read";
    EXPECT_EQ(lines.back(), "next");
    EXPECT_EQ(lines[lines.size() - 2] + "\n", after);
    files.Unlink(path);
  }
}

TEST_F(TailerTest, HandsOutALineLongerThanTheBufferInPieces) {
  std::string line(50'000, 'a');
  for (std::size_t i = 0; i < line.size(); ++i) line[i] = static_cast<char>('a' + i % 26);
  files.Append(Live(), "first\n" + line + "\nlast\n");
  Start();
  Turns(8);
  std::string whole;
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) whole += lines[i];
  EXPECT_GT(lines.size(), 4U);
  EXPECT_EQ(whole, line);
  EXPECT_EQ(lines.front(), "first");
  EXPECT_EQ(lines.back(), "last");
}

TEST_F(TailerTest, IsTheSameForEveryReadSize) {
  std::string bytes;
  Lines expected;
  for (int i = 0; i < 300; ++i) {
    expected.push_back(std::string(static_cast<std::size_t>(i * 7 % 97), 'x') + std::to_string(i));
    bytes += expected.back() + "\n";
  }
  files.Append(Live(), bytes);
  for (const std::size_t size : {4096U, 4099U, 5000U, 16384U}) {
    for (const std::size_t short_read : {SIZE_MAX, std::size_t{300}, std::size_t{1777}}) {
      files.read_bytes_max = short_read;
      budget.bytes_per_source_max = size;
      lines.clear();
      Start();
      Turns(200);
      EXPECT_EQ(lines, expected) << size << " " << short_read;
    }
  }
}

TEST_F(TailerTest, BoundsTheLinesOfATurn) {
  files.Append(Live(), std::string(5000, '\n'));
  budget.lines_max = 64;
  Start();
  for (int i = 0; i < 3; ++i) {
    now += std::chrono::milliseconds(300);
    tailer->Poll({Instant(now), files.now}, budget, &out);
    EXPECT_LE(out.lines().size(), 64U);
  }
  Turns(200);
  EXPECT_EQ(lines.size() + 3 * 64, 5000U);
}

TEST_F(TailerTest, LooksButDoesNotReadWithoutRoom) {
  files.Append(Live(), "a\n");
  budget.bytes_max = 0;
  Start();
  Turns(3);
  EXPECT_EQ(opened.size(), 1U);
  EXPECT_TRUE(lines.empty());
  files.Rename(Live(), Rotated(1));
  files.Unlink(Rotated(1));  // it is pinned by its descriptor
  Turns(3);
  budget.bytes_max = 4096;
  Turns(3);
  EXPECT_EQ(lines, (Lines{"a"}));
}

TEST_F(TailerTest, StartsAtTheEndOnlyWithoutAnyStateAndOnlyOnTheFirstLook) {
  options.unknown_at_startup = StartAt::kEnd;
  files.Append(Live(), "old\nhalf");
  Start();
  Turns(2);
  EXPECT_TRUE(lines.empty());
  files.Append(Live(), " a line\n");
  files.Append("/r/ns_pod_uid/late/0.log", "new file\n");
  Turns(4);
  EXPECT_EQ(lines, (Lines{"half a line", "new file"}));
  lines.clear();
  Start({}, false);
  Turns(3);
  EXPECT_EQ(lines.size(), 3U) << "with a state an unknown file was never read";
}

TEST_F(TailerTest, NamesWhatItDoesNotRead) {
  files.Link(Live(), "/etc/shadow");
  files.Special("/r/ns_pod_uid/fifo/0.log");
  files.Append("/r/ns_pod_uid/c/core.1234", "x\n");
  files.Append("/r/not-a-pod/c/0.log", "x\n");
  files.Append(Rotated(1) + ".gz", "x\n");
  files.Append(Live() + ".20240101-000009.tmp", "x\n");
  files.Append("/r/ns_pod_uid/secret/0.log", "x\n");
  files.refused.insert("/r/ns_pod_uid/secret/0.log");
  Start();
  Turns(6);
  EXPECT_TRUE(lines.empty());
  const auto has = [&](const std::string& path, SkipReason reason) {
    return std::count(said.skipped.begin(), said.skipped.end(), std::pair(path, reason));
  };
  EXPECT_EQ(has(Live(), SkipReason::kLinkOutside), 1);
  EXPECT_EQ(has("/r/ns_pod_uid/fifo/0.log", SkipReason::kNotRegular), 1);
  EXPECT_EQ(has("/r/ns_pod_uid/c/core.1234", SkipReason::kUnparsedPath), 1);
  EXPECT_EQ(has("/r/not-a-pod", SkipReason::kUnparsedPath), 1);
  EXPECT_EQ(has(Rotated(1) + ".gz", SkipReason::kUnreadable), 1);
  EXPECT_EQ(has("/r/ns_pod_uid/secret/0.log", SkipReason::kNotPermitted), 1);
  EXPECT_EQ(said.skipped.size(), 6U) << "each once, the .tmp never";
  files.refused.clear();
  Turns(4);
  EXPECT_EQ(lines, (Lines{"x"})) << "granted later";
}

TEST_F(TailerTest, FollowsALinkIntoAnAllowedDirectory) {
  files.Append("/var/lib/docker/containers/id/id-json.log", "docker\n");
  files.Link(Live(), "/var/lib/docker/containers/id/id-json.log");
  Start();
  Turns(3);
  EXPECT_EQ(lines, (Lines{"docker"}));
  EXPECT_EQ(opened.at(0).path, Live()) << "the name that says which container";
}

TEST_F(TailerTest, ChoosesByGlobsOverLiveNames) {
  options.include = {"*/c/*.log"};
  options.exclude = {"*/*/1.log"};
  files.Append(Live(), "yes\n");
  files.Append(Rotated(1), "its older generation\n");
  files.Append("/r/ns_pod_uid/c/1.log", "no\n");
  files.Append("/r/ns_pod_uid/other/0.log", "no\n");
  files.now += std::chrono::hours(1);
  Start();
  Turns(4);
  EXPECT_EQ(lines, (Lines{"its older generation", "yes"}));
}

TEST_F(TailerTest, ReadsNothingOfAPausedContainerAndGoesOnAfterwards) {
  files.Append(Live(), "a\n");
  files.Append("/r/ns_pod_uid/other/0.log", "x\n");
  Start();
  Turns(3);
  tailer->Pause(opened.at(0).container);
  files.Append(Live(), "b\n");
  files.Append("/r/ns_pod_uid/other/0.log", "y\n");
  Turns(3);
  EXPECT_EQ(lines, (Lines{"a", "x", "y"}));
  EXPECT_FALSE(tailer->state().at_end);
  tailer->Resume(opened.at(0).container);
  Turns(2);
  EXPECT_EQ(lines.back(), "b");
}

TEST_F(TailerTest, ResetIsARestartOfOneContainer) {
  files.Append(Live(), "a\nb\nc\n");
  Start();
  Turns(2);
  Checkpoint begin = opened.at(0).start;
  tailer->Reset(opened.at(0).container, std::span<const Checkpoint>(&begin, 1));
  lines.clear();
  Turns(2);
  EXPECT_TRUE(lines.empty()) << "paused";
  tailer->Resume(opened.at(0).container);
  Turns(2);
  EXPECT_EQ(lines, (Lines{"a", "b", "c"}));
  EXPECT_EQ(opened.size(), 2U);
  EXPECT_NE(opened[0].source, opened[1].source);
  EXPECT_EQ(opened[0].file, opened[1].file);
}

TEST_F(TailerTest, LendsADescriptorFromAFileAtItsEndWhenThereAreTooFew) {
  options.open_files_max = 2;
  for (int i = 0; i < 6; ++i) {
    files.Append("/r/ns_pod_uid/c" + std::to_string(i) + "/0.log", "first\n");
  }
  Start();
  Turns(10);
  EXPECT_EQ(lines.size(), 6U);
  EXPECT_LE(tailer->state().files_open, 2U);
  for (int i = 0; i < 6; ++i) {
    files.Append("/r/ns_pod_uid/c" + std::to_string(i) + "/0.log", "second\n");
  }
  Turns(10);
  EXPECT_EQ(lines.size(), 12U);
  EXPECT_TRUE(tailer->state().at_end);
}

TEST_F(TailerTest, RetriesAfterAReadErrorAndDisturbsNoOther) {
  files.Append(Live(), "a\n");
  files.Append("/r/ns_pod_uid/other/0.log", "x\n");
  Start();
  Turns(3);
  files.broken.insert(Live());
  files.Append(Live(), "b\n");
  files.Append("/r/ns_pod_uid/other/0.log", "y\n");
  Turns(6);
  EXPECT_EQ(lines, (Lines{"a", "x", "y"}));
  files.broken.clear();
  Turns(6);
  EXPECT_EQ(lines.back(), "b");
}

}  // namespace
}  // namespace podtail
