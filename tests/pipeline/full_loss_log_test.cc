// SPDX-License-Identifier: Apache-2.0
// Decision 19a: while the loss log is full, the lanes that wait for it hold. They hold
// back nobody else, and the memory they had is given back when they are shed.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/pipeline/engine_world.h"

namespace podtail {
namespace {

// Takes everything; at the next poll some pods are refused for good, all of it or,
// from the second batch on, for now.
class Refusing : public Exporter {
 public:
  struct State {
    std::set<std::string> refused;
    std::map<std::string, std::uint64_t> delivered, batches;  // by pod
    bool then_retry = false;
  };
  explicit Refusing(State* state) : state_(state) {}
  std::string_view name() const noexcept override { return "refusing"; }
  OfferResult Offer(const RecordBatchRef& batch) override {
    taken_.push_back(batch);
    return OfferResult::kTaken;
  }
  Instant Poll(const Tick& tick, std::vector<Delivery>* answered) override {
    for (const RecordBatchRef& batch : taken_) {
      const std::string& pod = batch->resource().pod_name;
      Delivery delivery{batch->sequence(), DeliveryOutcome::kDelivered, {}, {}, {}};
      if (state_->refused.count(pod) == 0) {
        state_->delivered[pod] += batch->records().size();
      } else if (state_->then_retry && state_->batches[pod]++ > 0) {
        delivery.outcome = DeliveryOutcome::kRetry;
        delivery.retry_at = tick.now + std::chrono::seconds(5);
      } else {
        delivery.outcome = DeliveryOutcome::kRefused;
        for (std::uint32_t i = 0; i < batch->records().size(); ++i) {
          delivery.refused.push_back({i, LossReason::kRefused});
        }
      }
      answered->push_back(std::move(delivery));
    }
    taken_.clear();
    return Instant::max();
  }
  int readiness_fd() const noexcept override { return -1; }

 private:
  State* state_;
  std::vector<RecordBatchRef> taken_;
};

class SmallLog : public LossLog {
 public:
  Expected<WriteSequence> Append(const LossEntry& entry) override {
    if (room == 0) return Unexpected(Status(StatusCode::kResourceExhausted, "full"));
    --room;
    taken[{std::string(entry.path), entry.extent.begin}] += 1;
    return static_cast<WriteSequence>(++appended_);
  }
  WriteProgress Poll(const Tick& /*tick*/) override {
    return {static_cast<WriteSequence>(appended_), {}, Instant::max()};
  }
  int readiness_fd() const noexcept override { return -1; }

  std::uint64_t room = 0;
  std::map<std::pair<std::string, std::uint64_t>, int> taken;

 private:
  std::uint64_t appended_ = 0;
};

class FullLossLogTest : public testing::Test {
 protected:
  static std::string Pod(int i) { return "p" + std::to_string(i); }
  void Write(const std::string& pod, int lines) {
    std::string all;
    for (int i = 0; i < lines; ++i) {
      all += "2024-01-01T00:00:00Z stdout F " + std::string(1000, 'x') + "\n";
    }
    files.Append("/r/ns_" + pod + "_uid/c/0.log", all);
  }
  void Start() {
    options.tailer.root = "/r";
    options.memory_bytes_max = 8 * 1024 * 1024;
    auto made = Engine::Create(options, {.files = &files,
                                         .checkpoints = &store,
                                         .losses = &log,
                                         .exporter = std::make_unique<Refusing>(&sink)});
    ASSERT_TRUE(made.has_value()) << made.error().ToString();
    engine = std::move(made).value();
  }
  void Turns(int turns) {
    for (int i = 0; i < turns; ++i) {
      now += std::chrono::seconds(1);
      files.now += std::chrono::seconds(1);
      ASSERT_TRUE(engine->Poll({Instant(now), files.now}).has_value());
    }
  }

  EngineOptions options;
  MemoryLogFileSystem files;
  LaterStore store{nullptr};
  SmallLog log;
  Refusing::State sink;
  std::unique_ptr<Engine> engine;
  Duration now{};
};

TEST_F(FullLossLogTest, LanesThatWaitForItLeaveRoomForTheOthers) {
  for (int i = 0; i < 12; ++i) {
    sink.refused.insert(Pod(i));
    Write(Pod(i), 1200);
  }
  Start();
  Turns(60);
  for (int turn = 0; turn < 60; ++turn) {
    Write("healthy", 1);
    Turns(1);
  }
  Turns(5);
  EXPECT_EQ(sink.delivered["healthy"], 60U);
  log.room = 1'000'000;
  Turns(600);
  EXPECT_TRUE(engine->idle());
  EXPECT_EQ(log.taken.size(), 12U * 1200U);
  for (const auto& [place, times] : log.taken) {
    ASSERT_EQ(times, 1) << place.first << " " << place.second;
  }
}

// The sink has answered: nobody will settle what was dropped.
TEST_F(FullLossLogTest, WhatIsShedWhileItWaitsForTheLogIsNotCountedForEver) {
  sink.then_retry = true;
  for (int i = 0; i < 12; ++i) {
    sink.refused.insert(Pod(i));
    Write(Pod(i), 1200);
  }
  Start();
  Turns(600);
  EXPECT_GT(engine->counters().sheds, 0U) << "or this says nothing";
  sink.then_retry = false;
  sink.refused.clear();
  Turns(600);
  for (int i = 0; i < 12; ++i) EXPECT_GE(sink.delivered[Pod(i)], 900U) << Pod(i);
  log.room = 1'000'000;
  Turns(600);
  EXPECT_TRUE(engine->idle());
  EXPECT_EQ(engine->counters().memory_bytes, options.tailer.read_buffer_bytes);
}

// Or it would be written there twice.
TEST_F(FullLossLogTest, WhatTheLogHasTakenAPartOfIsNotShed) {
  log.room = 100;
  sink.then_retry = true;
  for (int i = 0; i < 12; ++i) {
    sink.refused.insert(Pod(i));
    Write(Pod(i), 1200);
  }
  Start();
  Turns(600);
  EXPECT_GT(engine->counters().sheds, 0U) << "or this says nothing";
  sink.then_retry = false;
  log.room = 1'000'000;
  Turns(1200);
  EXPECT_TRUE(engine->idle());
  EXPECT_EQ(log.taken.size(), 12U * 1200U);
  for (const auto& [place, times] : log.taken) {
    ASSERT_EQ(times, 1) << place.first << " " << place.second;
  }
}

}  // namespace
}  // namespace podtail
