// SPDX-License-Identifier: Apache-2.0
// `podtail checkpoints` looks at a directory that another podtail works on: no
// lock, no change.
#include "podtail/state_reader.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "podtail/state_directory.h"
#include "tests/checkpoint/store_world.h"

namespace podtail {
namespace {

namespace fs = std::filesystem;

class StateReaderTest : public testing::Test {
 protected:
  StateReaderTest() {
    std::string name = testing::TempDir() + "podtail-reader-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~StateReaderTest() override { fs::remove_all(directory_); }

  std::unique_ptr<StateDirectory> Open(const std::string& sink) const {
    StateDirectoryOptions options;
    options.directory = directory_;
    options.sink_name = sink;
    auto state = StateDirectory::Open(options);
    EXPECT_TRUE(state) << state.error().ToString();
    EXPECT_TRUE((*state)->checkpoints()->Load());
    return *std::move(state);
  }

  // Waits for the disk, not for a time.
  static void Put(StateDirectory* state, std::vector<Checkpoint> checkpoints) {
    CheckpointStore* store = state->checkpoints();
    const WriteSequence sequence = store->Submit({std::move(checkpoints), {}});
    for (std::int64_t i = 0; i < 100'000; ++i) {
      if (store->Poll(TickAt(10 * i)).durable >= sequence) return;
      pollfd event{store->readiness_fd(), POLLIN, 0};
      poll(&event, 1, 1000);
    }
    FAIL() << "not durable";
  }

  std::string directory_;
};

std::vector<std::string> FilesIn(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files.push_back(entry.path().string() + "=" +
                    std::string(std::istreambuf_iterator<char>(file), {}));
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST_F(StateReaderTest, ReadsWhatARunningStoreHasMadeDurable) {
  auto state = Open("loki");
  Put(state.get(), {CheckpointOf(1, 10)});
  Put(state.get(), {CheckpointOf(2, 20), CheckpointOf(1, 11)});
  const auto before = FilesIn(directory_);
  const auto loaded = ReadCheckpoints(directory_, "loki");
  ASSERT_TRUE(loaded) << loaded.error().ToString();
  EXPECT_TRUE(loaded->damage.ok()) << loaded->damage.ToString();
  EXPECT_EQ(loaded->checkpoints, (std::vector{CheckpointOf(1, 11), CheckpointOf(2, 20)}));
  EXPECT_EQ(FilesIn(directory_), before);
  Put(state.get(), {CheckpointOf(3, 30)});  // whose lock it still is
  EXPECT_EQ(ReadCheckpoints(directory_, "loki")->checkpoints.size(), 3u);
}

TEST_F(StateReaderTest, ListsSinksThatLeftState) {
  Put(Open("stdout").get(), {CheckpointOf(1, 10)});
  Put(Open("null").get(), {CheckpointOf(1, 10)});
  fs::create_directory(directory_ + "/lost+found");
  std::ofstream(directory_ + "/journal") << "not a folder\n";
  const auto sinks = ListSinks(directory_);
  ASSERT_TRUE(sinks);
  EXPECT_EQ(*sinks, (std::vector<std::string>{"null", "stdout"}));
}

TEST_F(StateReaderTest, SaysWhatIsNotThere) {
  EXPECT_EQ(ListSinks(directory_ + "/nowhere").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadCheckpoints(directory_, "nobody").error().code(), StatusCode::kNotFound);
  fs::create_directory(directory_ + "/empty");
  EXPECT_EQ(ReadCheckpoints(directory_, "empty").error().code(), StatusCode::kNotFound);
}

TEST_F(StateReaderTest, ReportsDamageAndLeavesItWhereItIs) {
  Put(Open("loki").get(), {CheckpointOf(1, 10)});
  for (const auto& entry : fs::directory_iterator(directory_ + "/loki")) {
    if (entry.path().filename().string().starts_with("snapshot")) {
      std::ofstream(entry.path(), std::ios::app) << "more\n";
    }
  }
  const auto before = FilesIn(directory_);
  const auto loaded = ReadCheckpoints(directory_, "loki");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->damage.code(), StatusCode::kDataLoss);
  EXPECT_EQ(FilesIn(directory_), before);
}

}  // namespace
}  // namespace podtail
