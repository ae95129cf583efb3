// SPDX-License-Identifier: Apache-2.0
// house.md 4.2: nothing is lost, and what is sent again is the same to the byte,
// whatever the moment of a crash. The reference is an engine that reads the
// finished tree once, without any trouble; it is itself compared with what was
// written.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/pipeline/engine_world.h"
#include "tests/support/sanitized.h"

namespace podtail {
namespace {

constexpr char kRoot[] = "/r";

struct Writer {
  std::string directory;
  std::uint64_t seconds = 0;
  std::uint64_t rotations = 0;
  std::array<std::string, 2> written{};  // message bytes per stream
  std::array<bool, 2> in_run{};
};

class CrashWorld {
 public:
  explicit CrashWorld(std::uint64_t seed) : choices(seed), store(&choices) {
    options.tailer.root = kRoot;
    options.tailer.switch_grace = Duration::zero();
    options.tailer.read_buffer_bytes = 16 * 1024;
    options.run_gap_bytes_max = 40 + choices.Below(400);
    options.record_bytes_max = 5 + choices.Below(60);
    options.batch_records_max = static_cast<std::uint32_t>(1 + choices.Below(6));
    options.batch_age_max = std::chrono::milliseconds(choices.Below(300));
    needs.unique_times = choices.OneIn(2);
    needs.lane = choices.OneIn(2) ? LaneScope::kContainer : LaneScope::kContainerStream;
    for (const char* name : {"a", "b"}) {
      writers.push_back({std::string(kRoot) + "/ns_pod_uid/" + name});
    }
  }

  void Write(Writer* writer) {
    const std::size_t stream = choices.Below(2);
    std::string line;
    if (choices.OneIn(40)) {
      line = "no CRI line " + std::to_string(++serial) + "\n";
    } else {
      // Times repeat now and then, as conmon's do.
      if (!choices.OneIn(3)) ++writer->seconds;
      const bool full = !choices.OneIn(3);
      std::string message = "m" + std::to_string(++serial) + std::string(choices.Below(20), 'x');
      if (choices.OneIn(30)) message.append(150, 'L');
      char time[32];
      std::snprintf(time, sizeof(time), "2024-01-01T%02u:%02u:%02uZ",
                    static_cast<unsigned>(writer->seconds / 3600 % 24),
                    static_cast<unsigned>(writer->seconds / 60 % 60),
                    static_cast<unsigned>(writer->seconds % 60));
      line = std::string(time) + (stream == 0 ? " stdout " : " stderr ") + (full ? "F " : "P ") +
             message + "\n";
      writer->written[stream] += message;
    }
    files.Append(writer->directory + "/0.log", line);
  }

  void Rotate(Writer* writer) {
    const std::string live = writer->directory + "/0.log";
    if (!files.Exists(live)) return;
    char stamp[32];
    std::snprintf(stamp, sizeof(stamp), ".20240101-%06u",
                  static_cast<unsigned>(++writer->rotations));
    files.Rename(live, live + stamp);
  }

  void Start() {
    auto made = Engine::Create(
        options, {.files = &files,
                  .checkpoints = &store,
                  .exporter = std::make_unique<LaterExporter>(&choices, &arrived, needs)});
    ASSERT_TRUE(made.has_value()) << made.error().ToString();
    engine = std::move(made).value();
  }

  void Turn() {
    now += std::chrono::milliseconds(1 + choices.Below(400));
    files.now += std::chrono::milliseconds(10);
    const auto due = engine->Poll({Instant(now), files.now});
    ASSERT_TRUE(due.has_value()) << due.error().ToString();
  }

  // The finished tree, read once.
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
    reference_waiting = (*made)->counters().waiting_bytes;
    return all;
  }

  Choices choices;
  MemoryLogFileSystem files;
  LaterStore store;
  Arrived arrived;
  EngineOptions options;
  SinkNeeds needs;
  std::vector<Writer> writers;
  std::unique_ptr<Engine> engine;
  Duration now{};
  std::uint64_t serial = 0;
  std::uint64_t reference_waiting = 0;
};

void RunSeed(std::uint64_t seed) {
  CrashWorld world(seed);
  world.Start();
  std::size_t crashes = 0;
  const std::size_t steps = 150 + world.choices.Below(250);
  for (std::size_t step = 0; step < steps; ++step) {
    Writer* writer = &world.writers[world.choices.Below(world.writers.size())];
    switch (world.choices.Below(12)) {
      case 0:
        world.Rotate(writer);
        break;
      case 1:
        if (world.choices.OneIn(4)) {
          ++crashes;
          world.Start();
        }
        break;
      case 2:
      case 3:
      case 4:
        world.Turn();
        break;
      default:
        world.Write(writer);
        break;
    }
    if (testing::Test::HasFatalFailure()) return;
  }
  // idle() is as of the last look: let there be one after the last byte.
  for (int i = 0; i < 5; ++i) world.Turn();
  for (int i = 0; i < 3000 && !world.engine->idle(); ++i) world.Turn();
  ASSERT_TRUE(world.engine->idle()) << "seed " << seed << ": it never came to rest";

  const Arrived reference = world.Reference();
  EXPECT_TRUE(world.arrived.differing.empty())
      << "seed " << seed << ": sent again, and not the same: " << world.arrived.differing.front();
  for (const auto& [uid, text] : reference.records) {
    const auto found = world.arrived.records.find(uid);
    ASSERT_NE(found, world.arrived.records.end())
        << "seed " << seed << ", " << crashes << " crashes: lost " << text;
    ASSERT_EQ(found->second, text) << "seed " << seed << ": another record than without a crash";
  }
  for (const auto& [uid, text] : world.arrived.records) {
    ASSERT_TRUE(reference.records.count(uid) > 0)
        << "seed " << seed << ", " << crashes << " crashes: nobody wrote " << text;
  }
  EXPECT_FALSE(world.store.moved_back) << "seed " << seed;
  EXPECT_EQ(world.engine->counters().waiting_bytes, world.reference_waiting) << "seed " << seed;
}

TEST(EngineCrash, LosesNothingAndRepeatsIdenticallyWhateverTheMoment) {
  const std::uint64_t seeds = kSanitized ? 100 : 400;
  for (std::uint64_t seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed) RunSeed(seed);
}

TEST(EngineCrash, ReferenceHasEveryByteThatWasWritten) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CrashWorld world(seed);
    for (int i = 0; i < 300; ++i) {
      Writer* writer = &world.writers[world.choices.Below(world.writers.size())];
      if (world.choices.OneIn(20)) {
        world.Rotate(writer);
      } else {
        world.Write(writer);
      }
    }
    const Arrived reference = world.Reference();
    for (const Writer& writer : world.writers) {
      const std::string container =
          "\"container\":\"" + writer.directory.substr(writer.directory.rfind('/') + 1);
      for (const std::size_t stream : {0U, 1U}) {
        std::string got;
        const std::string name = stream == 0 ? "\"stream\":\"stdout\"" : "\"stream\":\"stderr\"";
        for (std::size_t i = 0; i < reference.order.size(); ++i) {
          const std::string& text = reference.order[i];
          if (text.find(container) == std::string::npos || text.find(name) == std::string::npos ||
              text.find("malformed") != std::string::npos) {
            continue;
          }
          got += reference.bodies[i];
        }
        // What is missing at the end is a run without its end.
        ASSERT_EQ(got, writer.written[stream].substr(0, got.size())) << "seed " << seed;
        ASSERT_LE(writer.written[stream].size() - got.size(), world.reference_waiting);
      }
    }
  }
}

}  // namespace
}  // namespace podtail
