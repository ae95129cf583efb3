// SPDX-License-Identifier: Apache-2.0
// Decisions 12b, 12c, 12d: what the sink refuses for an hour holds back nobody
// else, fills no memory, and arrives when the hour is over. The hour is the engine's
// (3,600 turns of a second); the files are memory's, and once a real disk's.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/pipeline/engine_world.h"

namespace podtail {
namespace {

// Takes every batch; at the next poll it refuses those of some pods.
class PartlyRefusing : public Exporter {
 public:
  struct State {
    std::set<std::string> refused;                                            // pods
    std::map<std::string, std::string> bodies;                                // accepted, per pod
    std::map<std::string, std::vector<std::pair<int, std::uint64_t>>> turns;  // records by turn
    std::uint64_t attempts = 0, attempted_bytes = 0;                          // of refused pods
    int turn = 0;
    Duration retry_after = std::chrono::seconds(5);
    SinkNeeds needs;
  };
  explicit PartlyRefusing(State* state) : state_(state) {}
  std::string_view name() const noexcept override { return "partly refusing"; }
  SinkNeeds needs() const noexcept override { return state_->needs; }
  OfferResult Offer(const RecordBatchRef& batch) override {
    taken_.push_back(batch);
    return OfferResult::kTaken;
  }
  Instant Poll(const Tick& tick, std::vector<Delivery>* answered) override {
    for (const RecordBatchRef& batch : taken_) {
      const std::string& pod = batch->resource().pod_name;
      if (state_->refused.count(pod) > 0) {
        ++state_->attempts;
        state_->attempted_bytes += batch->body_bytes();
        answered->push_back({batch->sequence(),
                             DeliveryOutcome::kRetry,
                             {},
                             tick.now + state_->retry_after,
                             Status(StatusCode::kUnavailable, "not this one")});
        continue;
      }
      for (const LogRecord& record : batch->records()) {
        state_->bodies[pod].append(record.body.view());
      }
      state_->turns[pod].emplace_back(state_->turn, batch->records().size());
      answered->push_back({batch->sequence(), DeliveryOutcome::kDelivered, {}, {}, {}});
    }
    taken_.clear();
    return Instant::max();
  }
  int readiness_fd() const noexcept override { return -1; }

 private:
  State* state_;
  std::vector<RecordBatchRef> taken_;
};

// A node's log tree: what writers and the kubelet do to it.
class Tree {
 public:
  virtual ~Tree() = default;
  virtual LogFileSystem* files() = 0;
  virtual std::string root() const = 0;
  virtual void Append(const std::string& path, std::string_view bytes) = 0;
  virtual void Rename(const std::string& from, const std::string& to) = 0;
  virtual void Unlink(const std::string& path) = 0;
  virtual void Truncate(const std::string& path) = 0;
  virtual void Pass(Duration time) = 0;
  virtual Timestamp wall() const = 0;
};

class MemoryTree final : public Tree {
 public:
  LogFileSystem* files() override { return &files_; }
  std::string root() const override { return "/r"; }
  void Append(const std::string& path, std::string_view bytes) override {
    files_.Append(path, std::string(bytes));
  }
  void Rename(const std::string& from, const std::string& to) override { files_.Rename(from, to); }
  void Unlink(const std::string& path) override { files_.Unlink(path); }
  void Truncate(const std::string& path) override { files_.Truncate(path, 0); }
  void Pass(Duration time) override { files_.now += time; }
  Timestamp wall() const override { return files_.now; }

 private:
  MemoryLogFileSystem files_;
};

// Real files, real inotify, real descriptors; only the clock is the test's.
class DiskTree final : public Tree {
 public:
  DiskTree() {
    std::string name = testing::TempDir() + "podtail-refused-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "cannot create " << name;
    root_ = name;
  }
  ~DiskTree() override { std::filesystem::remove_all(root_); }
  LogFileSystem* files() override { return files_.get(); }
  std::string root() const override { return root_; }
  void Append(const std::string& path, std::string_view bytes) override {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream out(path, std::ios::binary | std::ios::app);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush();
    EXPECT_TRUE(out.good()) << path;
  }
  void Rename(const std::string& from, const std::string& to) override {
    std::filesystem::rename(from, to);
  }
  void Unlink(const std::string& path) override { EXPECT_TRUE(std::filesystem::remove(path)); }
  void Truncate(const std::string& path) override { std::filesystem::resize_file(path, 0); }
  void Pass(Duration time) override { wall_ += time; }
  Timestamp wall() const override { return wall_; }

 private:
  std::unique_ptr<LogFileSystem> files_ = NewPosixLogFileSystem();
  std::string root_;
  Timestamp wall_ = std::chrono::system_clock::now();
};

class RefusedLaneTest : public testing::Test {
 protected:
  static constexpr int kPods = 50;
  static constexpr Duration kTurn = std::chrono::seconds(1);

  struct Run {
    std::unique_ptr<Tree> tree = std::make_unique<MemoryTree>();
    LaterStore store{nullptr};
    PartlyRefusing::State sink;
    std::map<std::string, std::string> written;  // message bytes per pod
    std::unique_ptr<Engine> engine;
    Duration now{};
    std::uint64_t serial = 0;
    std::size_t memory_seen = 0;
  };

  RefusedLaneTest() { options.memory_bytes_max = 16 * 1024 * 1024; }
  static std::string Pod(int i) { return "p" + std::to_string(i); }
  static std::string Live(const Run& run, const std::string& pod) {
    return run.tree->root() + "/ns_" + pod + "_uid/c/0.log";
  }
  static std::string Rotated(const Run& run, const std::string& pod, int number) {
    char stamp[24];
    std::snprintf(stamp, sizeof(stamp), ".20240101-%06d", number);
    return Live(run, pod) + stamp;
  }

  static void Write(Run* run, const std::string& pod, std::size_t lines, std::size_t bytes) {
    std::string all;
    for (std::size_t i = 0; i < lines; ++i) {
      std::string message = std::to_string(++run->serial) + ":";
      message.resize(std::max(bytes, message.size()), 'x');
      all += "2024-01-01T00:00:00Z stdout F " + message + "\n";
      run->written[pod] += message;
    }
    run->tree->Append(Live(*run, pod), all);
  }
  void Start(Run* run) {
    options.tailer.root = run->tree->root();
    auto made = Engine::Create(options, {.files = run->tree->files(),
                                         .checkpoints = &run->store,
                                         .exporter = std::make_unique<PartlyRefusing>(&run->sink)});
    ASSERT_TRUE(made.has_value()) << made.error().ToString();
    run->engine = std::move(made).value();
  }
  void Turn(Run* run) {
    run->now += kTurn;
    run->tree->Pass(kTurn);
    ++run->sink.turn;
    ASSERT_TRUE(run->engine->Poll({Instant(run->now), run->tree->wall()}).has_value());
    run->memory_seen =
        std::max(run->memory_seen, static_cast<std::size_t>(run->engine->counters().memory_bytes));
    ASSERT_LE(run->engine->counters().memory_bytes, options.memory_bytes_max);
  }
  void TurnUntilIdle(Run* run, int turns) {
    for (int i = 0; i < turns && !HasFatalFailure(); ++i) {
      Turn(run);
      if (i > 20 && run->engine->idle()) return;
    }
    FAIL() << "it never came to rest; " << run->engine->counters().uncommitted_bytes
           << " bytes not committed";
  }
  static void ExpectAllArrived(const Run& run) {
    for (const auto& [pod, bytes] : run.written) {
      const auto found = run.sink.bodies.find(pod);
      ASSERT_NE(found, run.sink.bodies.end()) << pod;
      EXPECT_EQ(found->second.size(), bytes.size()) << pod;
      EXPECT_TRUE(found->second == bytes) << pod << ": other bytes, or in another order";
    }
  }
  // One hour, in which the first pod writes 20 MiB.
  void Hour(Run* run, const std::set<std::string>& refused) {
    run->sink.refused = refused;
    for (int turn = 0; turn < 3600 && !HasFatalFailure(); ++turn) {
      if (turn % 4 == 0) {
        for (int i = 1; i < kPods; ++i) Write(run, Pod(i), 1, 40);
      }
      if (turn % 10 == 0) Write(run, Pod(0), 64, 1000);
      // Rotated every five minutes; of the rotated ones two are kept. Those that are
      // deleted while the lane is refused have nothing but their descriptors.
      const int number = turn / 300;
      if (turn % 300 == 40) {
        run->tree->Rename(Live(*run, Pod(0)), Rotated(*run, Pod(0), number));
      }
      if (turn % 300 == 100 && number >= 2) run->tree->Unlink(Rotated(*run, Pod(0), number - 2));
      Turn(run);
    }
  }

  void OneOfFiftyForAnHour(std::unique_ptr<Tree> tree, std::unique_ptr<Tree> other);

  EngineOptions options;
};

void RefusedLaneTest::OneOfFiftyForAnHour(std::unique_ptr<Tree> tree, std::unique_ptr<Tree> other) {
  Run with;
  Run without;
  with.tree = std::move(tree);
  without.tree = std::move(other);
  Start(&with);
  Start(&without);
  Hour(&with, {Pod(0)});
  Hour(&without, {});
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_EQ(with.sink.bodies.count(Pod(0)), 0U);
  EXPECT_GE(with.engine->counters().files_open, kPods + 9U) << "pinned";
  EXPECT_GT(with.sink.attempts, 100U);
  for (int i = 1; i < kPods; ++i) {
    EXPECT_EQ(with.sink.turns[Pod(i)], without.sink.turns[Pod(i)])
        << Pod(i) << " was sent in other turns than without the refusal";
  }
  with.sink.refused.clear();
  TurnUntilIdle(&with, 4000);
  ExpectAllArrived(with);
  EXPECT_EQ(with.engine->counters().sheds, 0U) << "one alone stays below its share";
}

TEST_F(RefusedLaneTest, OneOfFiftyForAnHourIsNoticedByNoOtherAndArrivesInTheEnd) {
  OneOfFiftyForAnHour(std::make_unique<MemoryTree>(), std::make_unique<MemoryTree>());
}

TEST_F(RefusedLaneTest, OneOfFiftyForAnHourOnARealDisk) {
  OneOfFiftyForAnHour(std::make_unique<DiskTree>(), std::make_unique<DiskTree>());
}

TEST_F(RefusedLaneTest, ManyAreShedToHalfOfTheMemoryAndDoNotThrash) {
  Run run;
  std::set<std::string> refused;
  for (int i = 0; i < 20; ++i) {
    refused.insert(Pod(i));
    Write(&run, Pod(i), 4000, 1000);
  }
  for (int i = 20; i < kPods; ++i) Write(&run, Pod(i), 10, 100);
  Start(&run);
  run.sink.refused = refused;
  for (int turn = 0; turn < 1200 && !HasFatalFailure(); ++turn) {
    if (turn % 2 == 0) {
      for (int i = 20; i < kPods; ++i) Write(&run, Pod(i), 1, 100);
    }
    Turn(&run);
    if (turn < 100) continue;
    // The others never wait for more than the age of a batch and an answer.
    for (int i = 20; i < kPods; ++i) {
      ASSERT_GE(run.sink.turns[Pod(i)].back().first, run.sink.turn - 6) << Pod(i);
    }
  }
  EXPECT_GT(run.engine->counters().sheds, 0U);
  EXPECT_GT(run.memory_seen, options.memory_bytes_max / 2) << "or this says nothing";
  // Those that came back hold about a batch each, so most are never shed again.
  const std::uint64_t sheds = run.engine->counters().sheds;
  const std::uint64_t read = run.engine->counters().bytes_read;
  for (int turn = 0; turn < 1200 && !HasFatalFailure(); ++turn) Turn(&run);
  EXPECT_LE(run.engine->counters().sheds - sheds, 12U * refused.size());
  EXPECT_LE(run.engine->counters().bytes_read - read,
            (run.engine->counters().sheds - sheds) * 2 * 1024 * 1024);
  run.sink.refused.clear();
  TurnUntilIdle(&run, 4000);
  ExpectAllArrived(run);
}

// Copytruncate while the lane was refused: only memory still has the old bytes.
TEST_F(RefusedLaneTest, WhatOnlyMemoryStillHasIsNotShed) {
  options.memory_bytes_max = 8 * 1024 * 1024;
  Run run;
  for (int i = 0; i < 12; ++i) run.sink.refused.insert(Pod(i));
  Write(&run, Pod(0), 900, 1000);
  Start(&run);
  for (int turn = 0; turn < 10; ++turn) Turn(&run);
  run.tree->Truncate(Live(run, Pod(0)));
  for (int turn = 0; turn < 10; ++turn) Turn(&run);
  for (int i = 1; i < 12; ++i) Write(&run, Pod(i), 800, 1000);
  for (int turn = 0; turn < 100 && !HasFatalFailure(); ++turn) Turn(&run);
  EXPECT_GT(run.engine->counters().sheds, 0U);
  run.sink.refused.clear();
  TurnUntilIdle(&run, 4000);
  ExpectAllArrived(run);
}

// So has it of a file that was deleted while it had no descriptor.
TEST_F(RefusedLaneTest, WhatWasDeletedWithoutADescriptorIsNotShed) {
  options.memory_bytes_max = 8 * 1024 * 1024;
  options.tailer.open_files_max = 1;
  Run run;
  for (int i = 0; i < 12; ++i) run.sink.refused.insert(Pod(i));
  Write(&run, Pod(0), 900, 1000);
  Start(&run);
  for (int turn = 0; turn < 10; ++turn) Turn(&run);
  Write(&run, Pod(20), 1, 100);
  for (int turn = 0; turn < 10; ++turn) Turn(&run);
  run.tree->Unlink(Live(run, Pod(0)));
  for (int turn = 0; turn < 30; ++turn) Turn(&run);
  for (int i = 1; i < 12; ++i) Write(&run, Pod(i), 800, 1000);
  for (int turn = 0; turn < 100 && !HasFatalFailure(); ++turn) Turn(&run);
  EXPECT_GT(run.engine->counters().sheds, 0U);
  run.sink.refused.clear();
  TurnUntilIdle(&run, 4000);
  ExpectAllArrived(run);
}

}  // namespace
}  // namespace podtail
