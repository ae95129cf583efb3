// SPDX-License-Identifier: Apache-2.0
// house.md 4.2: the checkpoint is the smallest offset anyone still needs.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "podtail/checkpoint_ledger.h"

namespace podtail {
namespace {

class Store : public CheckpointStore {
 public:
  Expected<LoadedCheckpoints> Load() override { return LoadedCheckpoints{}; }
  WriteSequence Submit(CheckpointEdit edit) override {
    edits.push_back(std::move(edit));
    return static_cast<WriteSequence>(edits.size());
  }
  WriteProgress Poll(const Tick&) override { return {}; }
  int readiness_fd() const noexcept override { return -1; }
  std::vector<CheckpointEdit> edits;
};

FileIdentity File(std::uint64_t inode) {
  FileIdentity file;
  file.inode = inode;
  return file;
}
ResumePoint At(std::uint64_t offset) {
  ResumePoint point;
  point.offset = offset;
  return point;
}
Checkpoint Start(std::uint64_t inode, std::uint64_t offset = 0) {
  Checkpoint start;
  start.file = File(inode);
  start.committed = At(offset);
  return start;
}
void Hold1(CheckpointLedger* ledger, std::uint64_t batch, SourceId source, std::uint64_t offset) {
  const Hold hold{source, At(offset)};
  ledger->Track(static_cast<BatchSequence>(batch), std::span<const Hold>(&hold, 1));
}

constexpr SourceId kA{0};
constexpr SourceId kB{1};

TEST(CheckpointLedger, CommitsNothingThatABatchStillNeeds) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(1), Start(1));
  Hold1(&ledger, 1, kA, 0);
  Hold1(&ledger, 2, kA, 100);
  ledger.Advance(kA, At(200));
  EXPECT_EQ(ledger.SubmitTo(&store), WriteSequence{0}) << "nothing moved, nothing is written";
  ledger.Settle(BatchSequence{2});
  ledger.SubmitTo(&store);
  EXPECT_TRUE(store.edits.empty()) << "the older batch still needs the beginning";
  ledger.Settle(BatchSequence{1});
  EXPECT_EQ(ledger.SubmitTo(&store), WriteSequence{1});
  EXPECT_EQ(store.edits.at(0).put.at(0).committed.offset, 200U);
  EXPECT_EQ(ledger.committed(kA).offset, 200U);
}

TEST(CheckpointLedger, TakesTheReplayStateOfWhateverDetermines) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(1), Start(1));
  Hold hold{kA, At(50)};
  hold.begin.replay.streams[0].part = 3;
  ledger.HoldRun(RunKind::kOfInstance, LogStream::kStdout, hold);
  ledger.Advance(kA, At(90));
  ledger.SubmitTo(&store);
  EXPECT_EQ(store.edits.at(0).put.at(0).committed, hold.begin);
}

TEST(CheckpointLedger, LowersAHoldForARecordThatBeganEarlier) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(1), Start(1));
  Hold1(&ledger, 1, kA, 100);
  Hold1(&ledger, 1, kA, 40);  // a joined record: its first fragment lies further back
  Hold1(&ledger, 1, kA, 70);
  ledger.Advance(kA, At(200));
  ledger.SubmitTo(&store);
  EXPECT_EQ(store.edits.at(0).put.at(0).committed.offset, 40U);
}

TEST(CheckpointLedger, KeepsTheLaterFileWhileTheEarlierMayBeReadAgain) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(1), Start(1));
  ledger.Open(kB, File(2), Start(2));
  // A run that began at 100 of A ended in B's first line; at 80 of A something
  // else is still on its way.
  Hold1(&ledger, 1, kA, 80);
  Hold1(&ledger, 2, kA, 100);
  Hold1(&ledger, 2, kB, 0);
  ledger.Tether({kB, At(0)}, kA, 120);
  ledger.Advance(kA, At(120));
  ledger.Advance(kB, At(30));
  ledger.Settle(BatchSequence{2});
  ledger.SubmitTo(&store);
  ASSERT_EQ(store.edits.size(), 1U);
  ASSERT_EQ(store.edits[0].put.size(), 1U);
  EXPECT_EQ(store.edits[0].put[0].committed.offset, 80U) << "A may move to what is on its way";
  ledger.Settle(BatchSequence{1});
  ledger.SubmitTo(&store);
  ASSERT_EQ(store.edits.size(), 2U);
  ASSERT_EQ(store.edits[1].put.size(), 2U) << "both in one edit";
  EXPECT_EQ(store.edits[1].put[0].committed.offset, 120U);
  EXPECT_EQ(store.edits[1].put[1].committed.offset, 30U);
}

TEST(CheckpointLedger, FinishesASourceOnceItsEndIsDurable) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(1), Start(1));
  Hold1(&ledger, 1, kA, 0);
  ledger.Advance(kA, At(10));
  ledger.Close(kA);
  ledger.SubmitTo(&store);
  EXPECT_TRUE(ledger.TakeFinished(WriteSequence{9}).empty()) << "a batch needs it";
  ledger.Settle(BatchSequence{1});
  const WriteSequence write = ledger.SubmitTo(&store);
  EXPECT_TRUE(ledger.TakeFinished(WriteSequence{0}).empty()) << "not durable yet";
  EXPECT_EQ(ledger.TakeFinished(write), std::vector<SourceId>{kA});
  EXPECT_TRUE(ledger.TakeFinished(write).empty()) << "each once";
}

TEST(CheckpointLedger, JournalsWithoutMovingAndKeepsCutsThatLieAhead) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(1), Start(1));
  Hold1(&ledger, 1, kA, 0);
  ledger.Advance(kA, At(50));
  ledger.Journal(kA, 20);
  ledger.SubmitTo(&store);
  ASSERT_EQ(store.edits.size(), 1U);
  EXPECT_EQ(store.edits[0].put.at(0).cuts, std::vector<std::uint64_t>{20});
  EXPECT_EQ(store.edits[0].put.at(0).committed.offset, 0U);
  ledger.Settle(BatchSequence{1});
  ledger.SubmitTo(&store);
  EXPECT_TRUE(store.edits.at(1).put.at(0).cuts.empty()) << "behind the committed offset";
}

TEST(CheckpointLedger, ReplacesTheIdentityOfAFileThatCameBackAsAnother) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(7), Start(1, 40));
  ledger.SubmitTo(&store);
  ASSERT_EQ(store.edits.size(), 1U);
  EXPECT_EQ(store.edits[0].put.at(0).file, File(7));
  EXPECT_EQ(store.edits[0].put.at(0).committed.offset, 40U);
  EXPECT_EQ(store.edits[0].forget, std::vector<FileIdentity>{File(1)});
}

TEST(CheckpointLedger, DropSaysWhereToBeginAgainAndLateAnswersDoNoHarm) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(1), Start(1));
  Hold1(&ledger, 1, kA, 30);
  ledger.Advance(kA, At(90));
  ledger.SubmitTo(&store);
  store.edits.clear();
  const Checkpoint start = ledger.Drop(kA);
  EXPECT_EQ(start.committed.offset, 30U);
  EXPECT_EQ(start.file, File(1));
  ledger.Settle(BatchSequence{1});
  ledger.SubmitTo(&store);
  EXPECT_TRUE(store.edits.empty());
}

// What was settled since the last edit is read again: a restart would find the
// edit, and its points alone are known to fit those of the other sources.
TEST(CheckpointLedger, DropBeginsAgainWhereTheLastEditSaid) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(1), Start(1));
  Hold1(&ledger, 1, kA, 30);
  ledger.Advance(kA, At(90));
  ledger.SubmitTo(&store);
  ledger.Settle(BatchSequence{1});
  EXPECT_EQ(ledger.Drop(kA).committed.offset, 30U);
}

// Any order of tracking, reading and settling: never beyond what is needed,
// never backwards, and everything in the end.
TEST(CheckpointLedger, IsTheSmallestNeededOffsetForEveryOrderOfAnswers) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    CheckpointLedger ledger;
    Store store;
    ledger.Open(kA, File(1), Start(1));
    std::map<std::uint64_t, std::uint64_t> open;  // batch -> begin
    std::uint64_t read = 0, batch = 0, committed = 0;
    for (int step = 0; step < 200; ++step) {
      if (random() % 2 == 0) {
        Hold1(&ledger, ++batch, kA, read);
        open[batch] = read;
        read += 1 + random() % 50;
        ledger.Advance(kA, At(read));
      } else if (!open.empty()) {
        auto settled = open.begin();
        std::advance(settled, static_cast<long>(random() % open.size()));
        ledger.Settle(static_cast<BatchSequence>(settled->first));
        open.erase(settled);
      }
      if (random() % 3 != 0) continue;
      ledger.SubmitTo(&store);
      std::uint64_t needed = read;
      for (const auto& [id, begin] : open) needed = std::min(needed, begin);
      EXPECT_EQ(ledger.committed(kA).offset, needed) << "seed " << seed;
      EXPECT_GE(needed, committed);
      committed = needed;
    }
  }
}

// A file that began again in place with the same first line is known by the same
// identity: what is committed of its old bytes must not be believed of the new ones.
TEST(CheckpointLedger, KeepsAnOldSourceOutOfTheCheckpointOfItsSuccessor) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(1), Start(1));
  Hold1(&ledger, 1, kA, 0);
  ledger.Advance(kA, At(100));
  ledger.Close(kA);
  ledger.Open(kB, File(1), Start(1));
  ledger.SubmitTo(&store);
  EXPECT_EQ(store.edits.back().put.at(0).committed.offset, 0U);
  ledger.Settle(BatchSequence{1});
  const WriteSequence last = ledger.SubmitTo(&store);
  EXPECT_EQ(store.edits.size(), 1U) << "the old bytes are nobody's checkpoint";
  EXPECT_EQ(ledger.TakeFinished(last), std::vector<SourceId>{kA});
  ledger.Forget(File(1));
  ledger.Advance(kB, At(10));
  ledger.SubmitTo(&store);
  ASSERT_EQ(store.edits.size(), 2U);
  EXPECT_EQ(store.edits.back().put.at(0).committed.offset, 10U);
  EXPECT_TRUE(store.edits.back().forget.empty());
}

TEST(CheckpointLedger, SwitchIsWrittenOnceAndKept) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(1), Start(1));
  EXPECT_TRUE(ledger.Switch(kA, 40, {}));
  EXPECT_FALSE(ledger.Switch(kA, 60, {})) << "what was settled once stays so";
  ledger.SubmitTo(&store);
  EXPECT_EQ(store.edits.at(0).put.at(0).late_from, std::uint64_t{40});
}

TEST(CheckpointLedger, HoldsALateRunBesideTheOneOfItsInstance) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(1), Start(1));
  ledger.Advance(kA, At(90));
  ledger.HoldRun(RunKind::kOfInstance, LogStream::kStdout, {kA, At(10)});
  ledger.HoldRun(RunKind::kLate, LogStream::kStdout, {kA, At(50)});
  ledger.SubmitTo(&store);
  EXPECT_EQ(ledger.committed(kA).offset, 10U);
  ledger.ReleaseRun(RunKind::kOfInstance, LogStream::kStdout, kA);
  ledger.SubmitTo(&store);
  EXPECT_EQ(ledger.committed(kA).offset, 50U);
}

// A run that was closed is open in no hold behind its last fragment: committed there
// and read again, the next line of its stream would be taken for its rest.
TEST(CheckpointLedger, ForgetsAClosedRunInEveryHoldBehindIt) {
  CheckpointLedger ledger;
  Store store;
  ledger.Open(kA, File(1), Start(1));
  Hold hold{kA, At(50)};
  hold.begin.replay.streams[0].part = 1;
  hold.begin.replay.streams[0].part_bytes = 20;
  ledger.Track(BatchSequence{1}, std::span<const Hold>(&hold, 1));
  ledger.Advance(kA, At(90));
  ledger.EndRun(LogStream::kStdout, kA, 51);
  ledger.SubmitTo(&store);
  EXPECT_EQ(store.edits.back().put.at(0).committed.replay.streams[0].part, 1U) << "before it";
  ledger.EndRun(LogStream::kStdout, kA, 31);
  ledger.SubmitTo(&store);
  EXPECT_EQ(store.edits.back().put.at(0).committed, At(50));
}

}  // namespace
}  // namespace podtail
