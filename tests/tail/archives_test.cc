// SPDX-License-Identifier: Apache-2.0
// Compressed generations (sources.md B.4, reliability.md 5A and 5I).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/tail/file_identity.h"
#include "tests/port/gzip_bytes.h"
#include "tests/tail/tailer_world.h"

namespace podtail {
namespace {

using Lines = std::vector<std::string>;
// As long as a CRI line is at least: less proves no identity.
const std::string kA = "a" + std::string(40, '-');

class ArchivesTest : public TailerTest {
 protected:
  // As the kubelet does it: under another name, then renamed, then the plain one goes.
  void Compress(const std::string& path) {
    files.Append(path + ".tmp", GzipBytes(files.BytesOf(path)));
    files.Rename(path + ".tmp", path + ".gz");
    files.Unlink(path);
  }
  void Rotate(int n) {
    files.Rename(Live(), Rotated(n));
    files.Append(Live(), "");
  }
  Checkpoint Here(std::size_t file) const { return {opened.at(file).file, last, {}, Live(), 1}; }
};

TEST_F(ArchivesTest, AreReadOldestFirstBeforeThePlainOnes) {
  files.Append(Rotated(1), "a\nb\n");
  files.Append(Rotated(2), "c\n");
  files.Append(Rotated(3), "d\n");
  files.Append(Live(), "e\n");
  Compress(Rotated(1));
  Compress(Rotated(2));
  files.now += std::chrono::hours(1);
  Start();
  Turns(8);
  EXPECT_EQ(lines, (Lines{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(opened.size(), 4U);
  EXPECT_TRUE(tailer->state().at_end);
  EXPECT_EQ(tailer->state().unread_bytes, 0U);
  EXPECT_LE(tailer->state().files_open, 2U) << "nothing more comes of an archive";
}

TEST_F(ArchivesTest, AreNotReadTwiceWhenThePlainFileWasReadInThisLife) {
  files.Append(Live(), kA + "\nb\n");
  Start();
  Turns(3);
  Rotate(1);
  files.Append(Live(), "c\n");
  Turns(30);
  ASSERT_EQ(closed.size(), 1U);
  tailer->Retire(closed[0].source);
  Compress(Rotated(1));
  Turns(120);
  EXPECT_EQ(lines, (Lines{kA, "b", "c"}));
  EXPECT_EQ(opened.size(), 2U);
  EXPECT_TRUE(vanished.empty()) << "it is still there, under another name";
  files.Unlink(Rotated(1) + ".gz");
  Turns(120);
  EXPECT_EQ(vanished.size(), 1U);
}

TEST_F(ArchivesTest, AreNotReadTwiceWhileThePlainFileIsStillOpen) {
  files.Append(Live(), kA + "\nb\n");
  Start();
  Turns(3);
  Rotate(1);
  files.Append(Live(), "c\n");
  Turns(5);
  Compress(Rotated(1));
  Turns(60);
  EXPECT_EQ(lines, (Lines{kA, "b", "c"}));
  ASSERT_EQ(closed.size(), 1U);
  tailer->Retire(closed[0].source);
  Turns(120);
  EXPECT_EQ(lines.size(), 3U);
  EXPECT_TRUE(vanished.empty());
}

TEST_F(ArchivesTest, GoOnWhereAParkedFileWas) {
  options.open_files_max = 1;
  files.Append(Live(), kA + "\nb\n");
  Start();
  Turns(3);
  // The only descriptor goes to another container.
  files.Append("/r/ns_pod_uid/other/0.log", "x\n");
  Turns(3);
  tailer->Pause(opened.at(0).container);
  files.Append(Live(), "c\n");
  Rotate(1);
  Compress(Rotated(1));
  Turns(3);
  tailer->Resume(opened.at(0).container);
  Turns(60);
  EXPECT_EQ(lines, (Lines{kA, "b", "x", "c"}));
  EXPECT_TRUE(gaps.empty());
}

TEST_F(ArchivesTest, ResumeInTheMiddleAfterARestart) {
  files.Append(Live(), kA + "\nb\n");
  Start();
  Turns(2);
  const Checkpoint known = Here(0);
  tailer.reset();
  files.Append(Live(), "c\nd\n");
  Rotate(1);
  files.Append(Live(), "e\n");
  Compress(Rotated(1));
  files.now += std::chrono::hours(1);
  lines.clear();
  opened.clear();
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(8);
  EXPECT_EQ(lines, (Lines{"c", "d", "e"}));
  EXPECT_EQ(opened.at(0).start.committed.offset, known.committed.offset);
}

// An I/O error says nothing about the bytes: the archive keeps its place, and goes on
// where it was once it can be read.
TEST_F(ArchivesTest, WhoseFirstReadFailsAreAskedAgain) {
  files.Append(Live(), kA + "\nb\n");
  Start();
  Turns(2);
  const Checkpoint known = Here(0);
  tailer.reset();
  files.Append(Live(), "c\nd\n");
  Rotate(1);
  files.Append(Live(), "e\n");
  Compress(Rotated(1));
  files.now += std::chrono::hours(1);
  // However rarely it is asked: a turn may come later than the next attempt is due.
  for (const int milliseconds : {300, 1500, 7000}) {
    files.hints = !files.hints;
    files.broken = {Rotated(1) + ".gz"};
    lines.clear();
    Start(std::span<const Checkpoint>(&known, 1), false);
    Turns(20, std::chrono::milliseconds(milliseconds));
    EXPECT_EQ(lines, Lines{}) << "what comes behind it waits";
    files.broken.clear();
    Turns(20, std::chrono::milliseconds(milliseconds));
    EXPECT_EQ(lines, (Lines{"c", "d", "e"}));
    EXPECT_TRUE(gaps.empty());
    tailer.reset();
  }
}

// The plain file is still open, cannot be read for longer than the grace of an end, and has no
// identity yet: its archive is neither read instead nor given up.
TEST_F(ArchivesTest, WaitForAPlainFileThatCannotBeReadYet) {
  files.Append(Live(), kA);
  Start();
  Turns(2);
  files.Append(Live(), "\n");
  files.broken = {Live()};
  Rotate(1);
  files.Append(Live(), "c\n");
  Compress(Rotated(1));
  Turns(60);
  EXPECT_EQ(lines, Lines{});
  files.broken.clear();
  Turns(60);
  EXPECT_EQ(lines, (Lines{kA, "c"}));
  EXPECT_TRUE(tailer->state().at_end);
}

TEST_F(ArchivesTest, OfOtherBytesBeforeTheCheckpointAreReadFromTheirBeginning) {
  files.Append(Live(), kA + "\nb\n");
  Start();
  Turns(2);
  const Checkpoint known = Here(0);
  tailer.reset();
  files.Unlink(Live());
  files.Append(Rotated(1) + ".gz", GzipBytes(kA + "\nX\nmore\n"));
  files.Append(Live(), "new\n");
  files.now += std::chrono::hours(1);
  lines.clear();
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(8);
  EXPECT_EQ(lines, (Lines{kA, "X", "more", "new"}));
}

TEST_F(ArchivesTest, AreSkippedWithoutDecodingWhenAllOfThemIsCommitted) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += "line " + std::to_string(i) + "\n";
  files.Append(Live(), bytes);
  Start();
  Turns(200);
  ASSERT_EQ(lines.size(), 100'000U);
  const Checkpoint known = Here(0);
  tailer.reset();
  Rotate(1);
  files.Append(Live(), "new\n");
  Compress(Rotated(1));
  files.now += std::chrono::hours(1);
  lines.clear();
  files.bytes_read = 0;
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(10);
  EXPECT_EQ(lines, Lines{"new"});
  EXPECT_LT(files.bytes_read, 200'000U) << "its head and its trailer are enough";
}

TEST_F(ArchivesTest, AreReadOnceBesideThePlainFile) {
  files.Append(Rotated(1), "a\n");
  files.Append(Rotated(1) + ".gz", GzipBytes("a\n"));  // the kubelet died before the unlink
  files.Append(Live(), "b\n");
  files.now += std::chrono::hours(1);
  Start();
  Turns(5);
  EXPECT_EQ(lines, (Lines{"a", "b"}));
  files.Unlink(Rotated(1));
  Turns(40);
  EXPECT_EQ(lines, (Lines{"a", "b"}));
}

// The kubelet compresses while podtail starts: listed as a plain file, gone before it was opened.
TEST_F(ArchivesTest, TakeOverFromAPlainFileThatWentBeforeItWasOpened) {
  for (const bool both_listed : {false, true}) {
    files.Append(Live(), kA + "\nb\n");
    Start();
    Turns(2);
    const Checkpoint known = Here(opened.size() - 1);
    tailer.reset();
    Rotate(1);
    files.Append(Live(), "c\n");
    if (both_listed) files.Append(Rotated(1) + ".gz", GzipBytes(files.BytesOf(Rotated(1))));
    files.now += std::chrono::hours(1);
    lines.clear();
    files.refused = {Rotated(1)};
    Start(std::span<const Checkpoint>(&known, 1), false);
    Turns(2);
    files.refused.clear();
    if (both_listed) {
      files.Unlink(Rotated(1));
    } else {
      Compress(Rotated(1));
    }
    Turns(40);
    EXPECT_EQ(lines, Lines{"c"}) << both_listed;
    for (const auto& [path, reason] : said.skipped) EXPECT_NE(reason, SkipReason::kMissed) << path;
    files.Unlink(Rotated(1) + ".gz");
    files.Unlink(Live());
    tailer.reset();
    lines.clear();
  }
}

TEST_F(ArchivesTest, GiveWhatCanBeDecodedAndDeclareTheRest) {
  std::string bytes;
  for (int i = 0; i < 2000; ++i) bytes += "line " + std::to_string(i * 7919) + "\n";
  const std::string whole = GzipBytes(bytes);
  files.Append(Rotated(1) + ".gz", whole.substr(0, whole.size() / 2));
  files.Append(Live(), "live\n");
  files.now += std::chrono::hours(1);
  Start();
  Turns(60);
  EXPECT_GT(lines.size(), 500U);
  EXPECT_EQ(lines.front(), "line 0");
  EXPECT_NE(std::find(lines.begin(), lines.end(), "live"), lines.end());
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].reason, LossReason::kUnreadable);
  EXPECT_EQ(gaps[0].extent.begin, gaps[0].extent.end) << "nobody can tell how much";
  EXPECT_TRUE(tailer->state().at_end);
}

TEST_F(ArchivesTest, SayOfSomethingElseThatItCannotBeRead) {
  files.Append(Rotated(1) + ".gz", "this is not gzip\n");
  files.Append(Live(), "live\n");
  files.now += std::chrono::hours(1);
  Start();
  Turns(10);
  EXPECT_EQ(lines, Lines{"live"});
  ASSERT_EQ(said.skipped.size(), 1U);
  EXPECT_EQ(said.skipped[0].second, SkipReason::kUnreadable);
}

TEST_F(ArchivesTest, OfManyContainersAllComeThroughAFewDecoders) {
  options.open_files_max = 10;
  for (int c = 0; c < 40; ++c) {
    const std::string name = "/r/ns_pod_uid/c" + std::to_string(c) + "/0.log.20240101-000001.gz";
    files.Append(name, GzipBytes("from " + std::to_string(c) + "\nx\n"));
  }
  files.now += std::chrono::hours(1);
  budget.bytes_max = 0;
  Start();
  for (int i = 0; i < 20; ++i) {
    Turns(1);
    EXPECT_LE(tailer->state().files_open, 10U);
  }
  budget.bytes_max = 64 * 1024;
  Turns(100);
  EXPECT_EQ(lines.size(), 80U);
  EXPECT_EQ(tailer->state().files_open, 0U);
  EXPECT_EQ(closed.size(), 40U);
}

TEST_F(ArchivesTest, ThatAreDeletedWhilePausedAreKeptByTheirDescriptors) {
  files.Append(Rotated(1) + ".gz", GzipBytes("a\nb\n"));
  files.Append(Live(), "c\n");
  files.now += std::chrono::hours(1);
  budget.bytes_max = 0;
  Start();
  Turns(3);
  ASSERT_EQ(opened.size(), 2U);
  tailer->Pause(opened[0].container);
  files.Unlink(Rotated(1) + ".gz");
  budget.bytes_max = 64 * 1024;
  Turns(40);
  EXPECT_TRUE(lines.empty());
  tailer->Resume(opened[0].container);
  Turns(10);
  EXPECT_EQ(lines, (Lines{"a", "b", "c"}));
  EXPECT_TRUE(gaps.empty());
}

TEST_F(ArchivesTest, KeepTheCheckpointOfAFileThatIsBeingCompressed) {
  files.Append(Live(), kA + "\n");
  Start();
  Turns(2);
  const Checkpoint known = Here(0);
  tailer.reset();
  Rotate(1);
  files.Append(Live(), "b\n");
  lines.clear();
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(40);
  for (const SourceClosed& each : closed) tailer->Retire(each.source);
  Compress(Rotated(1));
  Turns(200);
  EXPECT_EQ(lines, Lines{"b"});
  EXPECT_TRUE(vanished.empty());
}

// Its first line is not whole yet when it is rotated and compressed between two looks.
TEST_F(ArchivesTest, AreNotReadBesideAPlainFileWhoseFirstLineWasNotKnownYet) {
  files.Append(Live(), "a");
  Start();
  Turns(2);
  ASSERT_TRUE(opened.empty());
  files.Append(Live(), "---\nb\n");
  Rotate(1);
  Compress(Rotated(1));
  files.Append(Live(), "c\n");
  Turns(60);
  EXPECT_EQ(lines, (Lines{"a---", "b", "c"}));
  EXPECT_EQ(opened.size(), 2U);
}

TEST_F(ArchivesTest, TakeThePlaceOfAPlainFileThatCouldNotBeOpened) {
  files.refused.insert(Live());
  files.refused.insert(Rotated(1));
  files.Append(Live(), kA + "\n");
  Start();
  Turns(2);
  Rotate(1);
  Turns(2);
  files.refused.clear();
  Compress(Rotated(1));
  files.Append(Live(), "b\n");
  Turns(60);
  EXPECT_EQ(lines, (Lines{kA, "b"}));
  for (const auto& [path, reason] : said.skipped) EXPECT_NE(reason, SkipReason::kMissed) << path;
}

// A run that came over from an earlier file may have been given out.
TEST_F(ArchivesTest, OfWhichNothingIsCommittedKeepTheirReplayState) {
  files.Append(Live(), kA + "\nb\n");
  Start();
  Turns(2);
  Checkpoint known = Here(0);
  known.committed = {};
  known.committed.replay.streams[0].part = 1;
  tailer.reset();
  Rotate(1);
  Compress(Rotated(1));
  opened.clear();
  Start(std::span<const Checkpoint>(&known, 1), false);
  Turns(8);
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].start.committed, known.committed);
}

// What was written after it was made is not in it.
TEST_F(ArchivesTest, ThatEndBeforeWhatWasReadHoldNothingUp) {
  files.Append(Live(), kA + "\nb\n");
  Start();
  Turns(3);
  Rotate(1);
  files.Append(Live(), "c\n");
  Turns(30);
  ASSERT_EQ(closed.size(), 1U);
  tailer->Retire(closed[0].source);
  files.Append(Rotated(1) + ".gz", GzipBytes(kA + "\n"));
  files.Unlink(Rotated(1));
  Turns(3);
  files.Append(Live(), "d\n");
  Rotate(2);
  files.Append(Live(), "e\n");
  Turns(60);
  EXPECT_EQ(lines, (Lines{kA, "b", "c", "d", "e"}));
  EXPECT_TRUE(gaps.empty()) << "nothing is missing that was not read";
}

TEST_F(ArchivesTest, ThatBeginInTheMiddleLendTheirDecodersToTheOldest) {
  std::vector<Checkpoint> known;
  Lines wanted;
  for (int i = 0; i < 10; ++i) {
    const std::string first = std::to_string(i) + kA + "\n";
    files.Append(Rotated(i) + ".gz", GzipBytes(first + "rest " + std::to_string(i) + "\n"));
    if (i == 0) wanted.push_back(std::to_string(i) + kA);
    wanted.push_back("rest " + std::to_string(i));
    if (i == 0) continue;
    Checkpoint checkpoint;
    checkpoint.file.inode = 9000 + static_cast<std::uint64_t>(i);
    checkpoint.file.head = *HeadMarker(first, false);
    checkpoint.committed.offset = first.size();
    checkpoint.committed.tail = TailMarker(first.data() + first.size(), first.size());
    checkpoint.path = Live();
    known.push_back(checkpoint);
  }
  files.now += std::chrono::hours(1);
  Start(known, false);
  Turns(60);
  EXPECT_EQ(lines, wanted);
}

// It was empty when it was compressed, and its writer has not been told yet.
TEST_F(ArchivesTest, OfAFileThatIsStillWrittenAreNoNewerFile) {
  files.Append(Live(), "");
  Start();
  Turns(3);
  files.HardLink(Live(), "/kept");
  Rotate(1);
  files.Append(Live(), "c\n");
  files.Append(Rotated(1) + ".gz", GzipBytes(""));
  files.Unlink(Rotated(1));
  Turns(2);
  EXPECT_TRUE(lines.empty());
  files.Append("/kept", kA + "\n");
  Turns(10);
  EXPECT_EQ(lines, (Lines{kA, "c"}));
  for (const SourceBegan& began_now : began) EXPECT_FALSE(began_now.late);
}

// Half of it is on the disk: its first line comes before those of the next file.
TEST_F(ArchivesTest, WhoseFirstLineIsNotThereYetHoldTheNextOnesBack) {
  const std::string bytes = GzipBytes(kA + "\nb\n");
  files.Append(Rotated(1) + ".gz", std::string_view(bytes).substr(0, bytes.size() / 2));
  files.Append(Live(), "c\n");
  files.now += std::chrono::hours(1);
  Start();
  Turns(3);
  EXPECT_TRUE(lines.empty());
  files.Append(Rotated(1) + ".gz", std::string_view(bytes).substr(bytes.size() / 2));
  Turns(10);
  EXPECT_EQ(lines, (Lines{kA, "b", "c"}));
  for (const SourceBegan& began_now : began) EXPECT_FALSE(began_now.late);
}

TEST_F(ArchivesTest, WhoseEndIsNotThereYetHoldTheNextOnesBack) {
  const std::string bytes = GzipBytes(kA + "\nb\n", 0);  // stored: cut in front of b
  files.Append(Rotated(1) + ".gz", std::string_view(bytes).substr(0, bytes.size() - 10));
  files.Append(Live(), "c\n");
  files.now += std::chrono::hours(1);
  Start();
  Turns(3);
  EXPECT_EQ(lines, Lines{kA});
  files.Append(Rotated(1) + ".gz", std::string_view(bytes).substr(bytes.size() - 10));
  Turns(10);
  EXPECT_EQ(lines, (Lines{kA, "b", "c"}));
  for (const SourceBegan& began_now : began) EXPECT_FALSE(began_now.late);
}

}  // namespace
}  // namespace podtail
