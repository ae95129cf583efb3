// SPDX-License-Identifier: Apache-2.0
// The store at work: when it writes, what it merges, how it goes on after the
// disk has failed (decisions 15, 16; reliability.md C5, C8, C9, C15, C25).
#include "engine/checkpoint/file_checkpoint_store.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/checkpoint/checkpoint_codec.h"
#include "engine/port/checksum.h"
#include "tests/checkpoint/store_world.h"

namespace podtail {
namespace {

// A start with `files` loads history[durable .. submitted], whole, and is
// content with what it sees.
void ExpectLoadsAState(const FileMap& files, const StoreWorld& world) {
  const auto loaded = LoadFrom(files);
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(loaded->damage.ok()) << loaded->damage.ToString();
  const CheckpointMap state = MapOf(loaded->checkpoints);
  for (std::uint64_t k = world.durable(); k <= world.submitted(); ++k) {
    if (world.history[k] == state) return;
  }
  ADD_FAILURE() << "neither " << world.durable() << " nor anything up to " << world.submitted();
}

TEST(FileCheckpointStore, IsFreshOnce) {
  FakeDurableDirectory directory;
  directory.files["lost+found"] = "";
  {
    FileCheckpointStore store(&directory);
    const auto loaded = store.Load();
    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded->fresh);
    EXPECT_TRUE(loaded->damage.ok());
    EXPECT_TRUE(loaded->checkpoints.empty());
    store.Poll(TickAt(0));
  }
  EXPECT_EQ(directory.files.count("snapshot.0"), 1U);
  const auto again = LoadFrom(directory.files);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->fresh);
}

TEST(FileCheckpointStore, IsNotFreshBesideLossesOrAQuarantine) {
  EXPECT_FALSE(LoadFrom({{"losses", ""}})->fresh);
  EXPECT_FALSE(LoadFrom({{"quarantine.1.journal", ""}})->fresh);
}

TEST(FileCheckpointStore, LoadsWhatItWasGiven) {
  FakeDurableDirectory directory;
  StoreWorld world(&directory);
  world.Put(1, 1);
  world.Settle();
  world.Submit({{CheckpointOf(2, 1), CheckpointOf(3, 1)}, {}});
  world.Settle();
  world.Submit({{CheckpointOf(2, 3)}, {IdentityOf(1), IdentityOf(77)}});
  world.Settle();
  EXPECT_EQ(world.durable(), 3U);
  const auto loaded = LoadFrom(directory.files);
  EXPECT_TRUE(loaded->damage.ok());
  EXPECT_EQ(MapOf(loaded->checkpoints), MapOf({CheckpointOf(2, 3), CheckpointOf(3, 1)}));
}

TEST(FileCheckpointStore, WritesNothingWhenNothingMoved) {
  FakeDurableDirectory directory;
  StoreWorld world(&directory);
  CheckpointEdit edit;
  for (std::uint64_t i = 0; i < 10'000; ++i) edit.put.push_back(CheckpointOf(i, 1));
  world.Submit(edit);
  world.Settle();
  const std::uint64_t jobs = directory.submitted;
  for (int i = 0; i < 1000; ++i) world.Poll();
  world.Submit(edit);                        // all as they were
  world.Submit({});                          // nothing
  world.Submit({{}, {IdentityOf(20'000)}});  // nobody knows it
  world.Settle();
  EXPECT_EQ(directory.submitted, jobs);
  EXPECT_EQ(world.durable(), 4U);
  // And one of 10,000 costs one line.
  const std::size_t before = directory.files["journal"].size();
  world.Put(5, 2);
  world.Settle();
  EXPECT_EQ(directory.submitted, jobs + 1);
  EXPECT_LT(directory.files["journal"].size() - before, 600U);
}

TEST(FileCheckpointStore, WritesNothingAtAStartThatMovesNothing) {
  FakeDurableDirectory directory;
  StoreWorld world(&directory);
  world.Put(1, 1);
  world.Settle();
  FakeDurableDirectory later(directory.files);
  StoreWorld again(&later);
  again.Settle();
  EXPECT_EQ(later.submitted, 0U);
}

TEST(FileCheckpointStore, MergesEditsThatWaitForASlowDisk) {
  FakeDurableDirectory directory;
  StoreWorld world(&directory);
  world.Settle();
  directory.slow = true;
  world.Put(1, 1);
  world.Poll();
  ASSERT_EQ(directory.queue.size(), 1U);
  for (std::uint64_t moment = 2; moment <= 1000; ++moment) {
    world.Put(moment % 3, moment);
    world.Poll();
  }
  EXPECT_EQ(directory.queue.size(), 1U);  // one job at a time
  EXPECT_EQ(world.durable(), 0U);
  directory.RunOne();
  world.Poll();
  EXPECT_EQ(world.durable(), 1U);
  ASSERT_EQ(directory.queue.size(), 1U);
  EXPECT_LT(directory.queue.front().bytes.size(), 3 * 600U);  // three files, three lines
  directory.RunOne();
  world.Poll();
  EXPECT_EQ(world.durable(), 1000U);
  EXPECT_EQ(MapOf(LoadFrom(directory.files)->checkpoints), world.history.back());
}

TEST(FileCheckpointStore, FoldsALongJournalIntoTheOtherSnapshot) {
  FakeDurableDirectory directory;
  StoreWorld world(&directory, {.journal_bytes_min = 4096});
  std::uint64_t folds = 0;
  std::string snapshots[2];
  for (std::uint64_t moment = 1; moment <= 200; ++moment) {
    world.Put(moment % 4, moment);
    world.Settle();
    ExpectLoadsAState(directory.files, world);
    EXPECT_EQ(world.durable(), moment);
    for (int slot = 0; slot < 2; ++slot) {
      const auto file = directory.files.find("snapshot." + std::to_string(slot));
      const std::string now = file == directory.files.end() ? "" : file->second;
      if (now != snapshots[slot]) ++folds;
      snapshots[slot] = now;
    }
    EXPECT_LT(directory.files["journal"].size(), 4 * 4096U);
  }
  EXPECT_GT(folds, 4U);
  EXPECT_FALSE(snapshots[0].empty());
  EXPECT_FALSE(snapshots[1].empty());
}

// C8, C9, C13: whatever job fails, and whatever it did before it failed, each
// moment is a good moment for a crash, and in the end all is durable.
TEST(FileCheckpointStore, SurvivesTheFailureOfAnyJob) {
  for (const FailedJob effect : {FailedJob::kNothing, FailedJob::kHalf, FailedJob::kAll}) {
    std::uint64_t jobs = 1;
    for (std::uint64_t fail_at = 1; fail_at <= jobs; ++fail_at) {
      FakeDurableDirectory directory;
      directory.fail_at = fail_at;
      directory.effect = effect;
      StoreWorld world(&directory, {.journal_bytes_min = 2048});
      bool trouble = false;
      for (std::uint64_t moment = 1; moment <= 24; ++moment) {
        world.Put(moment % 3, moment);
        if (moment % 5 == 0) world.Submit({{}, {IdentityOf(moment % 3)}});
        for (int i = 0; i < 3; ++i) {
          trouble |= !world.Poll().trouble.ok();
          ExpectLoadsAState(directory.files, world);
        }
      }
      world.Settle();
      EXPECT_EQ(world.durable(), world.submitted());
      EXPECT_TRUE(world.progress.trouble.ok());
      EXPECT_EQ(trouble, directory.ran >= fail_at);
      EXPECT_EQ(MapOf(LoadFrom(directory.files)->checkpoints), world.history.back());
      if (fail_at == 1) jobs = directory.ran - 2;
      if (HasFailure()) FAIL() << "job " << fail_at << " effect " << static_cast<int>(effect);
    }
    EXPECT_GT(jobs, 20U);
  }
}

TEST(FileCheckpointStore, NeverAppendsBehindAFailedAppend) {
  FakeDurableDirectory directory;
  StoreWorld world(&directory);
  world.Put(1, 1);
  world.Settle();
  world.Put(1, 2);
  world.Settle();
  directory.broken = true;
  directory.effect = FailedJob::kHalf;
  world.Put(1, 3);
  world.Settle();
  EXPECT_EQ(world.durable(), 2U);
  EXPECT_EQ(world.progress.trouble.code(), StatusCode::kUnavailable);
  const std::string torn = directory.files["journal"];
  directory.broken = false;
  world.Settle();
  EXPECT_EQ(world.durable(), 3U);
  EXPECT_NE(directory.files["journal"].substr(0, 40), torn.substr(0, 40));  // a new one
  EXPECT_EQ(MapOf(LoadFrom(directory.files)->checkpoints), world.history.back());
}

TEST(FileCheckpointStore, RetriesLessAndLessOften) {
  FakeDurableDirectory directory;
  directory.broken = true;
  FileCheckpointStore store(&directory);
  ASSERT_TRUE(store.Load());
  Tick tick = TickAt(0);
  std::vector<Duration> delays;
  for (int i = 0; i < 2000; ++i) {
    store.Submit({{CheckpointOf(1, static_cast<std::uint64_t>(i))}, {}});
    const WriteProgress progress = store.Poll(tick);
    if (!progress.trouble.ok() && progress.next > tick.now + std::chrono::milliseconds(10) &&
        (delays.empty() || progress.next - tick.now != delays.back())) {
      delays.push_back(progress.next - tick.now);
    }
    tick.now = std::min(progress.next, tick.now + std::chrono::hours(1));
  }
  ASSERT_GE(delays.size(), 7U);
  EXPECT_EQ(delays.front(), std::chrono::milliseconds(250));
  EXPECT_EQ(delays.back(), std::chrono::seconds(30));
  for (std::size_t i = 1; i < delays.size(); ++i) EXPECT_GT(delays[i], delays[i - 1]);
  // No job between the retries, however often it is polled.
  const std::uint64_t jobs = directory.submitted;
  for (int i = 0; i < 100; ++i) store.Poll(tick);
  EXPECT_LE(directory.submitted, jobs + 1);
}

TEST(FileCheckpointStore, WritesEverythingAgainWhenItsFilesWereDeleted) {  // C15
  FakeDurableDirectory directory;
  StoreWorld world(&directory);
  world.Submit({{CheckpointOf(1, 1), CheckpointOf(2, 1)}, {}});
  world.Settle();
  directory.files.clear();
  world.Put(1, 2);
  world.Poll();
  EXPECT_EQ(world.Poll().trouble.code(), StatusCode::kNotFound);
  world.Settle();
  EXPECT_EQ(world.durable(), 2U);
  EXPECT_TRUE(world.progress.trouble.ok());
  EXPECT_EQ(MapOf(LoadFrom(directory.files)->checkpoints), world.history.back());
}

TEST(FileCheckpointStore, LeavesALaterVersionAlone) {  // C5
  FakeDurableDirectory directory;
  StoreWorld world(&directory);
  world.Put(1, 1);
  world.Settle();
  for (const char* name : {"snapshot.0", "snapshot.1", "journal"}) {
    std::string header = std::string("podtail-") + (name[0] == 's' ? "snapshot " : "journal ") +
                         std::to_string(kStoreVersion + 1) + " era=1";
    const std::uint32_t crc = Crc32(header);
    header += " crc=";
    for (int shift = 28; shift >= 0; shift -= 4) {
      header += "0123456789abcdef"[crc >> shift & 15];
    }
    FileMap files = directory.files;
    files[name] = header + "\nwho knows\n";
    FakeDurableDirectory later(files);
    FileCheckpointStore store(&later);
    const auto loaded = store.Load();
    ASSERT_FALSE(loaded) << name;
    EXPECT_EQ(loaded.error().code(), StatusCode::kFailedPrecondition);
    EXPECT_NE(loaded.error().message().find(name), std::string::npos);
    for (int i = 0; i < 10; ++i) store.Poll(TickAt(i * 10'000));
    EXPECT_EQ(later.submitted, 0U);
  }
}

}  // namespace
}  // namespace podtail
