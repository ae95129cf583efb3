// SPDX-License-Identifier: Apache-2.0
// The public door: a directory on the real file system, opened, used by several
// threads, opened again (decision 4; reliability.md C14-C16; cli.md exit status 73).
#include "podtail/state_directory.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/checkpoint/store_world.h"

namespace podtail {
namespace {

class StateDirectoryTest : public testing::Test {
 protected:
  StateDirectoryTest() {
    std::string name = testing::TempDir() + "podtail-state-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~StateDirectoryTest() override { std::filesystem::remove_all(directory_); }

  StateDirectoryOptions Options(std::uint32_t shards = 1) const {
    StateDirectoryOptions options;
    options.directory = directory_;
    options.sink_name = "loki-1";
    options.shard_count = shards;
    return options;
  }

  std::string directory_;
};

// Polls until everything up to `sequence` is durable. Time is made up; what it
// waits for is the disk.
template <class Writer>
void WaitFor(Writer* writer, WriteSequence sequence) {
  for (std::int64_t i = 0; i < 100'000; ++i) {
    const WriteProgress progress = writer->Poll(TickAt(10 * i));
    ASSERT_TRUE(progress.trouble.ok()) << progress.trouble.ToString();
    if (progress.durable >= sequence) return;
    pollfd event{writer->readiness_fd(), POLLIN, 0};
    poll(&event, 1, event.fd < 0 ? 1 : 1000);
  }
  FAIL() << "not durable";
}

TEST_F(StateDirectoryTest, KeepsCheckpointsAndLosses) {
  {
    auto state = StateDirectory::Open(Options());
    ASSERT_TRUE(state) << state.error().ToString();
    const auto loaded = (*state)->checkpoints()->Load();
    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded->fresh);
    WaitFor((*state)->checkpoints(), (*state)->checkpoints()->Submit({{CheckpointOf(1, 1)}, {}}));
    LossEntry entry;
    entry.path = "/a";
    WaitFor((*state)->losses(), *(*state)->losses()->Append(entry));
  }
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/loki-1/losses"));
  auto state = StateDirectory::Open(Options());
  ASSERT_TRUE(state) << state.error().ToString();
  const auto loaded = (*state)->checkpoints()->Load();
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(loaded->fresh);
  ASSERT_EQ(loaded->checkpoints.size(), 1U);
  EXPECT_EQ(loaded->checkpoints[0], CheckpointOf(1, 1));
}

TEST_F(StateDirectoryTest, BelongsToOneAtATime) {  // C16
  auto first = StateDirectory::Open(Options());
  ASSERT_TRUE(first);
  const auto second = StateDirectory::Open(Options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(second.error().message().find(directory_ + "/loki-1"), std::string::npos);
  StateDirectoryOptions other = Options();
  other.sink_name = "stdout";
  EXPECT_TRUE(StateDirectory::Open(other));  // another sink, another lock
  first->reset();
  EXPECT_TRUE(StateDirectory::Open(Options()));
}

TEST_F(StateDirectoryTest, RefusesWhatCannotWork) {
  const auto code = [](const StateDirectoryOptions& options) {
    const auto state = StateDirectory::Open(options);
    return state ? StatusCode::kOk : state.error().code();
  };
  for (const char* name : {"", ".", "..", "a/b", "Loki", "a b", "\xc3\xa9"}) {
    StateDirectoryOptions options = Options();
    options.sink_name = name;
    EXPECT_EQ(code(options), StatusCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(code(Options(0)), StatusCode::kInvalidArgument);
  StateDirectoryOptions nowhere = Options();
  nowhere.directory.clear();
  EXPECT_EQ(code(nowhere), StatusCode::kInvalidArgument);
}

TEST_F(StateDirectoryTest, NamesThePathThatCannotBeMade) {  // C14
  std::ofstream(directory_ + "/file") << "in the way";
  StateDirectoryOptions options = Options();
  options.directory = directory_ + "/file/below";
  const auto state = StateDirectory::Open(options);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code(), StatusCode::kUnavailable);
  EXPECT_NE(state.error().message().find(options.directory), std::string::npos)
      << state.error().ToString();
}

TEST_F(StateDirectoryTest, SharesOneStoreAmongThreads) {
  constexpr std::uint32_t kShards = 3;
  constexpr std::uint64_t kMoments = 100;
  {
    auto state = StateDirectory::Open(Options(kShards));
    ASSERT_TRUE(state);
    std::vector<std::thread> engines;
    for (std::uint32_t shard = 0; shard < kShards; ++shard) {
      engines.emplace_back([&state, shard] {
        CheckpointStore* store = (*state)->checkpoints(shard);
        LossLog* losses = (*state)->losses(shard);
        ASSERT_TRUE(store->Load());
        WriteSequence last{};
        LossEntry entry;
        entry.path = "/a";
        for (std::uint64_t moment = 1; moment <= kMoments; ++moment) {
          last = store->Submit({{CheckpointOf(shard, moment)}, {}});
          EXPECT_EQ(last, WriteSequence{moment});
          EXPECT_TRUE(losses->Append(entry));
          const Tick tick = TickAt(static_cast<std::int64_t>(moment));
          EXPECT_LE(store->Poll(tick).durable, last);
          EXPECT_LE(losses->Poll(tick).durable, last);
        }
        WaitFor(store, last);
        WaitFor(losses, last);
      });
    }
    for (std::thread& engine : engines) engine.join();
  }
  auto state = StateDirectory::Open(Options());
  ASSERT_TRUE(state);
  CheckpointMap expected;
  for (std::uint64_t shard = 0; shard < kShards; ++shard) {
    expected.emplace(IdentityOf(shard), CheckpointOf(shard, kMoments));
  }
  EXPECT_EQ(MapOf((*state)->checkpoints()->Load()->checkpoints), expected);
  std::ifstream losses(directory_ + "/loki-1/losses");
  std::uint64_t lines = 0;
  for (std::string line; std::getline(losses, line);) ++lines;
  EXPECT_EQ(lines, kShards * kMoments);
}

}  // namespace
}  // namespace podtail
