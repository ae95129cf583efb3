// SPDX-License-Identifier: Apache-2.0
// Decision 12d: shedding is a restart of one container. So what holds for a
// crash (crash_test.cc) holds for it: nothing is lost, and what is sent again is
// the same to the byte, whatever the moment, between the parts of a run, in front
// of a rotation, with answers under way.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/pipeline/engine_world.h"
#include "tests/support/sanitized.h"

namespace podtail {
namespace {

// Answers later and in any order; refuses some containers for a while.
class Moody : public Exporter {
 public:
  Moody(Choices* choices, Arrived* arrived, const std::set<std::string>* refused, SinkNeeds needs)
      : choices_(choices), arrived_(arrived), refused_(refused), needs_(needs) {}
  std::string_view name() const noexcept override { return "moody"; }
  SinkNeeds needs() const noexcept override { return needs_; }
  OfferResult Offer(const RecordBatchRef& batch) override {
    if (choices_->OneIn(8)) return OfferResult::kLaneBusy;
    taken_.push_back(batch);
    return OfferResult::kTaken;
  }
  Instant Poll(const Tick& tick, std::vector<Delivery>* answered) override {
    std::vector<RecordBatchRef> kept;
    for (const RecordBatchRef& batch : taken_) {
      if (!choices_->OneIn(3)) {
        kept.push_back(batch);
        continue;
      }
      const bool no = refused_->count(batch->resource().container_name) > 0;
      if (!no || choices_->OneIn(4)) arrived_->Take(*batch);  // an answer may get lost
      answered->push_back({batch->sequence(),
                           no ? DeliveryOutcome::kRetry : DeliveryOutcome::kDelivered,
                           {},
                           tick.now + std::chrono::milliseconds(300),
                           {}});
    }
    taken_ = std::move(kept);
    return tick.now;
  }
  int readiness_fd() const noexcept override { return -1; }

 private:
  Choices* choices_;
  Arrived* arrived_;
  const std::set<std::string>* refused_;
  SinkNeeds needs_;
  std::vector<RecordBatchRef> taken_;
};

struct ShedWorld {
  explicit ShedWorld(std::uint64_t seed) : choices(seed), store(&choices) {
    options.tailer.root = "/r";
    options.tailer.switch_grace = Duration::zero();
    options.tailer.read_buffer_bytes = 128 * 1024;
    options.memory_bytes_max = 8 * 1024 * 1024;
    options.record_bytes_max = 40'000;
    options.batch_bytes_max = choices.OneIn(3) ? 128 * 1024 : 1024 * 1024;
    options.run_gap_bytes_max = 60'000;
    needs.unique_times = choices.OneIn(2);
    needs.lane = choices.OneIn(2) ? LaneScope::kContainer : LaneScope::kContainerStream;
  }
  void Write(const std::string& container) {
    std::string line;
    if (choices.OneIn(40)) {
      line = "no CRI line " + std::to_string(++serial) + "\n";
    } else {
      if (!choices.OneIn(3)) ++seconds;
      char time[32];
      std::snprintf(time, sizeof(time), "2024-01-01T%02u:%02u:%02uZ", seconds / 3600 % 24,
                    seconds / 60 % 60, seconds % 60);
      line = std::string(time) + (choices.OneIn(2) ? " stdout " : " stderr ") +
             (choices.OneIn(2) ? "F " : "P ") + std::to_string(++serial) + ":" +
             std::string(choices.Below(24'000), 'x') + "\n";
    }
    files.Append("/r/ns_pod_uid/" + container + "/0.log", line);
  }
  void Rotate(const std::string& container) {
    const std::string live = "/r/ns_pod_uid/" + container + "/0.log";
    if (!files.Exists(live)) return;
    char stamp[32];
    std::snprintf(stamp, sizeof(stamp), ".20240101-%06u", ++rotations);
    files.Rename(live, live + stamp);
  }
  void Start() {
    auto made = Engine::Create(
        options, {.files = &files,
                  .checkpoints = &store,
                  .exporter = std::make_unique<Moody>(&choices, &arrived, &refused, needs)});
    ASSERT_TRUE(made.has_value()) << made.error().ToString();
    engine = std::move(made).value();
  }
  void Turn() {
    now += std::chrono::milliseconds(1 + choices.Below(400));
    files.now += std::chrono::milliseconds(10);
    ASSERT_TRUE(engine->Poll({Instant(now), files.now}).has_value());
    ASSERT_LE(engine->counters().memory_bytes, options.memory_bytes_max);
  }
  Arrived Reference() {
    Arrived all;
    auto made = Engine::Create(
        options,
        {.files = &files, .exporter = std::make_unique<LaterExporter>(nullptr, &all, needs)});
    EXPECT_TRUE(made.has_value());
    Duration time{};
    for (int i = 0; i < 2000 && !(*made)->idle(); ++i) {
      time += std::chrono::milliseconds(100);
      EXPECT_TRUE((*made)->Poll({Instant(time), files.now + std::chrono::hours(1)}).has_value());
    }
    EXPECT_TRUE((*made)->idle());
    return all;
  }

  Choices choices;
  MemoryLogFileSystem files;
  LaterStore store;
  Arrived arrived;
  std::set<std::string> refused;
  EngineOptions options;
  SinkNeeds needs;
  std::unique_ptr<Engine> engine;
  Duration now{};
  unsigned seconds = 0, rotations = 0;
  std::uint64_t serial = 0;
};

void RunSeed(std::uint64_t seed, std::uint64_t* sheds) {
  ShedWorld world(seed);
  world.Start();
  const auto container = [&] { return "c" + std::to_string(world.choices.Below(10)); };
  for (int step = 0; step < 1600; ++step) {
    switch (world.choices.Below(16)) {
      case 0:
        world.Rotate(container());
        break;
      case 1:
        world.refused.insert(container());
        break;
      case 2:
        if (world.choices.OneIn(6)) world.refused.erase(container());
        break;
      case 3:
      case 4:
      case 5:
        world.Turn();
        break;
      default:
        world.Write(container());
        break;
    }
    if (testing::Test::HasFatalFailure()) return;
  }
  *sheds += world.engine->counters().sheds;
  world.refused.clear();
  for (int i = 0; i < 5; ++i) world.Turn();
  for (int i = 0; i < 5000 && !world.engine->idle(); ++i) world.Turn();
  ASSERT_TRUE(world.engine->idle()) << "seed " << seed << ": it never came to rest";

  const Arrived reference = world.Reference();
  EXPECT_TRUE(world.arrived.differing.empty())
      << "seed " << seed
      << ": sent again, and not the same: " << world.arrived.differing.front().substr(0, 300);
  for (const auto& [uid, text] : reference.records) {
    const auto found = world.arrived.records.find(uid);
    ASSERT_NE(found, world.arrived.records.end())
        << "seed " << seed << ": lost " << text.substr(0, 300);
    ASSERT_TRUE(found->second == text) << "seed " << seed << ": another record";
  }
  for (const auto& [uid, text] : world.arrived.records) {
    ASSERT_TRUE(reference.records.count(uid) > 0)
        << "seed " << seed << ": nobody wrote " << text.substr(0, 300);
  }
  EXPECT_FALSE(world.store.moved_back) << "seed " << seed;
}

TEST(EngineShed, LosesNothingAndRepeatsIdenticallyWhateverTheMoment) {
  std::uint64_t sheds = 0;
  const std::uint64_t seeds = kSanitized ? 6 : 20;
  for (std::uint64_t seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed) {
    RunSeed(seed, &sheds);
  }
  EXPECT_GT(sheds, 3 * seeds) << "or this says little";
}

}  // namespace
}  // namespace podtail
