// SPDX-License-Identifier: Apache-2.0
// Several engines on one store: checkpoints are dealt out by pod, each engine
// counts its own writes, and all of them share each write (decision 4).
#include "engine/checkpoint/sharded_state.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "engine/checkpoint/file_loss_log.h"
#include "engine/checkpoint/shard_writes.h"
#include "tests/checkpoint/store_world.h"

namespace podtail {
namespace {

struct ShardWorld {
  ShardWorld(FakeDurableDirectory* directory, std::uint32_t shards)
      : store(directory),
        log(std::move(*FileLossLog::Create(directory, 1 << 20))),
        state(&store, log.get(), shards) {}
  FileCheckpointStore store;
  std::unique_ptr<FileLossLog> log;
  ShardedState state;
};

FakeDurableDirectory DirectoryOf(std::uint64_t files) {
  FakeDurableDirectory directory;
  StoreWorld world(&directory);
  CheckpointEdit edit;
  for (std::uint64_t i = 0; i < files; ++i) edit.put.push_back(CheckpointOf(i, 1));
  world.Submit(std::move(edit));
  world.Settle();
  return directory;
}

TEST(ShardOfPath, KeepsTheFilesOfAPodTogether) {
  const std::string pod = "/var/log/pods/ns_web-0_2f6c1f2e-0d6f-4f0b-9d0a-111111111111/";
  for (std::uint32_t count : {1U, 2U, 3U, 7U, 64U}) {
    const std::uint32_t shard = ShardOfPath(pod + "app/0.log", count);
    EXPECT_LT(shard, count);
    EXPECT_EQ(ShardOfPath(pod + "app/0.log.20261122-101010.gz", count), shard);
    EXPECT_EQ(ShardOfPath(pod + "sidecar/3.log", count), shard);
    EXPECT_LT(ShardOfPath("no pod at all", count), count);
    EXPECT_LT(ShardOfPath("", count), count);
  }
}

TEST(ShardedState, DealsEveryCheckpointToOneShard) {
  for (std::uint32_t shards : {2U, 3U, 5U}) {
    FakeDurableDirectory directory = DirectoryOf(100);
    ShardWorld world(&directory, shards);
    CheckpointMap all;
    for (std::uint32_t shard = 0; shard < shards; ++shard) {
      const auto loaded = world.state.checkpoints(shard)->Load();
      ASSERT_TRUE(loaded);
      EXPECT_FALSE(loaded->fresh);
      EXPECT_GT(loaded->checkpoints.size(), 0U);
      for (const Checkpoint& checkpoint : loaded->checkpoints) {
        EXPECT_EQ(ShardOfPath(checkpoint.path, shards), shard);
        EXPECT_TRUE(all.emplace(checkpoint.file, checkpoint).second);
      }
    }
    EXPECT_EQ(all, MapOf(LoadFrom(directory.files)->checkpoints));
  }
}

TEST(ShardedState, TellsEveryShardWhatIsWrong) {
  FakeDurableDirectory directory(FileMap{{"journal", "garbage"}});
  ShardWorld world(&directory, 2);
  for (std::uint32_t shard : {0U, 1U}) {
    EXPECT_EQ(world.state.checkpoints(shard)->Load()->damage.code(), StatusCode::kDataLoss);
  }
}

TEST(ShardedState, CountsTheWritesOfEachShard) {
  FakeDurableDirectory directory;
  ShardWorld world(&directory, 2);
  CheckpointStore* a = world.state.checkpoints(0);
  CheckpointStore* b = world.state.checkpoints(1);
  ASSERT_TRUE(a->Load() && b->Load());
  directory.slow = true;
  EXPECT_EQ(a->Submit({{CheckpointOf(1, 1)}, {}}), WriteSequence{1});
  EXPECT_EQ(b->Submit({{CheckpointOf(2, 1)}, {}}), WriteSequence{1});
  EXPECT_EQ(b->Submit({{CheckpointOf(2, 2)}, {}}), WriteSequence{2});
  const WriteProgress waits = b->Poll(TickAt(1000));
  EXPECT_EQ(waits.durable, WriteSequence{0});
  EXPECT_LE(waits.next, TickAt(1020).now);  // another thread may take the result
  EXPECT_EQ(a->Submit({{CheckpointOf(1, 2)}, {}}), WriteSequence{2});
  ASSERT_EQ(directory.queue.size(), 1U);  // one write for both
  directory.RunOne();
  EXPECT_EQ(a->Poll(TickAt(900)).durable, WriteSequence{1});  // its tick is a little behind
  EXPECT_EQ(b->Poll(TickAt(1000)).durable, WriteSequence{2});
  directory.slow = false;
  while (!directory.queue.empty()) directory.RunOne();
  for (int i = 0; i < 5; ++i) a->Poll(TickAt(2000 + i));
  EXPECT_EQ(a->Poll(TickAt(3000)).durable, WriteSequence{2});
  EXPECT_EQ(LoadFrom(directory.files)->checkpoints.size(), 2U);
}

TEST(ShardedState, SharesTheLossLog) {
  FakeDurableDirectory directory;
  ShardWorld world(&directory, 2);
  LossEntry entry;
  entry.path = "/a";
  for (std::uint32_t shard : {0U, 1U}) {
    const auto sequence = world.state.losses(shard)->Append(entry);
    ASSERT_TRUE(sequence);
    EXPECT_EQ(*sequence, WriteSequence{1});
  }
  for (int i = 0; i < 3; ++i) world.state.losses(0)->Poll(TickAt(i));
  EXPECT_EQ(world.state.losses(1)->Poll(TickAt(5)).durable, WriteSequence{1});
  const std::string& losses = directory.files["losses"];
  EXPECT_EQ(std::count(losses.begin(), losses.end(), '\n'), 2);
}

TEST(ShardWrites, NeverReportsTooMuchAndInTheEndAll) {
  ShardWrites writes;
  std::uint64_t shared = 0;
  for (std::uint64_t own = 1; own <= 1000; ++own) {
    shared += 3;  // others write, too
    EXPECT_EQ(writes.Add(WriteSequence{shared}), WriteSequence{own});
    const WriteSequence durable = writes.Durable(WriteSequence{shared / 2});
    EXPECT_LE(3 * static_cast<std::uint64_t>(durable), shared / 2);
    EXPECT_TRUE(writes.waiting());
  }
  EXPECT_EQ(writes.Durable(WriteSequence{shared}), WriteSequence{1000});
  EXPECT_FALSE(writes.waiting());
}

}  // namespace
}  // namespace podtail
