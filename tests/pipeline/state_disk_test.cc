// SPDX-License-Identifier: Apache-2.0
// The disk under the state directory, seen from the engine (decision 15;
// reliability.md C8, C9, C15, C19, C25): it delays commits and nothing else, it is
// left alone while nothing moves, and whatever comes back from it skips nothing.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/checkpoint/file_checkpoint_store.h"
#include "engine/checkpoint/file_loss_log.h"
#include "podtail/observer.h"
#include "tests/checkpoint/fake_durable_directory.h"
#include "tests/pipeline/engine_world.h"

namespace podtail {
namespace {

constexpr Duration kTurn = std::chrono::milliseconds(100);

class Troubles : public Observer {
 public:
  void OnStateTrouble(const Status& why) override { said.emplace_back(why.message()); }
  std::vector<std::string> said;
};

// An engine over real state files in memory. A disk job takes `job_takes`.
struct Life {
  explicit Life(MemoryLogFileSystem* where, FileMap state = {})
      : files(where), disk(std::move(state)) {
    disk.slow = true;
    options.tailer.root = "/r";
    options.tailer.switch_grace = Duration::zero();
    options.batch_age_max = std::chrono::milliseconds(100);
    Start();
  }
  void Start() {
    store = std::make_unique<FileCheckpointStore>(&disk);
    losses = std::move(*FileLossLog::Create(&disk, 1 << 20));
    auto made = Engine::Create(
        options, {.files = files,
                  .checkpoints = store.get(),
                  .losses = losses.get(),
                  .exporter = std::make_unique<LaterExporter>(nullptr, &arrived, SinkNeeds{}),
                  .observer = &troubles});
    ASSERT_TRUE(made.has_value()) << made.error().ToString();
    engine = std::move(made).value();
  }
  void Turn() {
    now += kTurn;
    files->now += kTurn;
    // The disk has one job at a time and is done with it when its time is over.
    if (disk.queue.empty()) began = now;
    while (!disk.queue.empty() && now - began >= job_takes) {
      edits_max = std::max(edits_max, Count(disk.queue.front().bytes, "\ncommit "));
      disk.RunOne();
      began = now;
    }
    queue_max = std::max(queue_max, disk.queue.size());
    ASSERT_TRUE(engine->Poll({Instant(now), files->now}).has_value());
  }
  void TurnUntilIdle() {
    for (int i = 0; i < 3000 && (i < 10 || !engine->idle()); ++i) Turn();
    ASSERT_TRUE(engine->idle());
  }
  static std::size_t Count(const std::string& text, const std::string& what) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++n;
    return n;
  }

  MemoryLogFileSystem* files;
  FakeDurableDirectory disk;
  Arrived arrived;
  Troubles troubles;
  EngineOptions options;
  std::unique_ptr<FileCheckpointStore> store;
  std::unique_ptr<FileLossLog> losses;
  std::unique_ptr<Engine> engine;
  Duration job_takes{};
  Duration now{};
  Duration began{};
  std::size_t queue_max = 0, edits_max = 0;
};

std::string Line(int number) {
  return "2024-01-01T00:00:00Z stdout F line " + std::to_string(number) + "\n";
}

TEST(StateDisk, TakingTwoSecondsForASyncDelaysCommitsAndNothingElse) {  // C25
  MemoryLogFileSystem files_fast;
  MemoryLogFileSystem files_slow;
  Life fast(&files_fast);
  Life slow(&files_slow);
  slow.job_takes = std::chrono::seconds(2);
  for (int turn = 0; turn < 600; ++turn) {
    for (Life* life : {&fast, &slow}) {
      life->files->Append(kLive, Line(turn));
      life->Turn();
    }
    ASSERT_EQ(fast.arrived.order, slow.arrived.order) << "turn " << turn;
    ASSERT_EQ(fast.engine->counters().bytes_read, slow.engine->counters().bytes_read);
    // What waits for the disk is one job, and what was accepted meanwhile.
    ASSERT_LE(slow.disk.queue.size(), 1U);
    ASSERT_LE(slow.engine->counters().uncommitted_bytes, 80 * Line(turn).size());
  }
  EXPECT_LE(slow.edits_max, 1U) << "edits are merged while they wait";
  EXPECT_LE(slow.disk.ran, 31U) << "60 s are 30 jobs of 2 s";
  EXPECT_GE(slow.disk.ran, 20U);
  EXPECT_LE(fast.disk.ran, 63U) << "one commit a second";
  EXPECT_TRUE(slow.troubles.said.empty()) << "slow is no trouble";
  slow.TurnUntilIdle();
  EXPECT_EQ(slow.engine->counters().uncommitted_bytes, 0U);
}

TEST(StateDisk, IsLeftAloneForAnHourInWhichNothingMoves) {
  MemoryLogFileSystem files;
  Life life(&files);
  files.Append(kLive, Line(1));
  files.Append(kLive, "2024-01-01T00:00:00Z stdout P open run\nno end");
  life.TurnUntilIdle();
  const std::uint64_t jobs = life.disk.submitted;
  EXPECT_GT(jobs, 0U);
  for (int turn = 0; turn < 36'000; ++turn) life.Turn();
  EXPECT_EQ(life.disk.submitted, jobs);
}

// A life that is killed every half second gets on all the same: the first commit
// does not wait for the interval, those behind it do.
TEST(StateDisk, HasWhatWasAcceptedFirstAtOnceAndThenOncePerInterval) {
  MemoryLogFileSystem files;
  Life life(&files);
  files.Append(kLive, Line(1));
  for (int turn = 0; turn < 5; ++turn) life.Turn();
  EXPECT_EQ(life.engine->counters().uncommitted_bytes, 0U) << "after half a second";
  const std::uint64_t jobs = life.disk.submitted;
  for (int turn = 0; turn < 100; ++turn) {
    files.Append(kLive, Line(turn));
    life.Turn();
  }
  EXPECT_LE(life.disk.submitted - jobs, 11U);
  EXPECT_GE(life.disk.submitted - jobs, 8U);
}

TEST(StateDisk, ThatIsFullIsSaidOnceAndCaughtUpWith) {  // C8, C9
  for (const FailedJob effect : {FailedJob::kNothing, FailedJob::kHalf, FailedJob::kAll}) {
    MemoryLogFileSystem files;
    Life life(&files);
    for (int turn = 0; turn < 20; ++turn) life.Turn();
    life.disk.broken = true;
    life.disk.effect = effect;
    for (int turn = 0; turn < 600; ++turn) {
      files.Append(kLive, Line(turn));
      life.Turn();
    }
    EXPECT_FALSE(life.engine->idle()) << "nothing is durable";
    EXPECT_GE(life.arrived.order.size(), 590U) << "and everything goes on";
    EXPECT_EQ(life.troubles.said.size(), 1U);
    EXPECT_LT(life.disk.ran, 20U) << "tried less and less often";
    life.disk.broken = false;
    life.TurnUntilIdle();
    Life next(&files, life.disk.files);
    next.TurnUntilIdle();
    EXPECT_TRUE(next.arrived.order.empty()) << "all of it was durable in the end";
  }
}

TEST(StateDisk, WhoseFilesWereDeletedGetsThemAgain) {  // C15
  MemoryLogFileSystem files;
  Life life(&files);
  files.Append(kLive, Line(1));
  files.Append("/r/ns_pod_uid/quiet/0.log", Line(2));
  life.TurnUntilIdle();
  life.disk.files.clear();
  files.Append(kLive, Line(3));
  life.TurnUntilIdle();
  Life next(&files, life.disk.files);
  next.TurnUntilIdle();
  EXPECT_TRUE(next.arrived.order.empty())
      << "also what had not moved since: " << next.arrived.order[0];
}

TEST(StateDisk, OfYesterdayRepeatsAndSkipsNothing) {  // C19
  MemoryLogFileSystem files;
  Life life(&files);
  std::vector<FileMap> backups = {{}};
  const std::string rotated = std::string(kLive) + ".20240101-000001";
  for (int day = 0; day < 4; ++day) {
    for (int i = 0; i < 5; ++i) files.Append(kLive, Line(10 * day + i));
    files.Append(kLive, "2024-01-01T00:00:00Z stderr P run of day " + std::to_string(day) + "\n");
    if (day == 2) files.Rename(kLive, rotated);
    life.TurnUntilIdle();
    backups.push_back(life.disk.files);
  }
  for (const FileMap& backup : backups) {
    Life again(&files, backup);
    again.TurnUntilIdle();
    // Whatever it repeats is what it was; and with what came before it is all.
    Arrived all = life.arrived;
    for (const auto& [uid, text] : again.arrived.records) {
      const auto known = all.records.find(uid);
      ASSERT_NE(known, all.records.end()) << "nobody wrote " << text;
      EXPECT_EQ(known->second, text);
    }
    EXPECT_EQ(again.engine->counters().waiting_bytes, life.engine->counters().waiting_bytes);
  }
  // Of a file that has become shorter since, its offsets prove nothing.
  files.Truncate(kLive, 0);
  files.Append(kLive, Line(30));
  Life shorter(&files, backups.back());
  shorter.TurnUntilIdle();
  ASSERT_FALSE(shorter.arrived.bodies.empty());
  EXPECT_EQ(shorter.arrived.bodies.back(), "line 30");
}

}  // namespace
}  // namespace podtail
