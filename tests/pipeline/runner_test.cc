// SPDX-License-Identifier: Apache-2.0
// Run() with real clocks: when it gives up. No test here looks at how long that took.
#include "podtail/runner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/memory_log_file_system.h"

namespace podtail {
namespace {

// Answers every batch at once: as `outcome` says, or not at all.
class Answering : public Exporter {
 public:
  Answering(DeliveryOutcome outcome, bool answers) : outcome_(outcome), answers_(answers) {}
  std::string_view name() const noexcept override { return "answering"; }
  OfferResult Offer(const RecordBatchRef& batch) override {
    taken_.push_back(batch->sequence());
    return OfferResult::kTaken;
  }
  Instant Poll(const Tick& tick, std::vector<Delivery>* answered) override {
    if (answers_) {
      for (const BatchSequence batch : taken_) answered->push_back({batch, outcome_});
      taken_.clear();
    }
    return tick.now + std::chrono::milliseconds(1);
  }
  int readiness_fd() const noexcept override { return -1; }

 private:
  DeliveryOutcome outcome_;
  bool answers_;
  std::vector<BatchSequence> taken_;
};

class RunnerTest : public testing::Test {
 protected:
  Status RunWith(DeliveryOutcome outcome, bool answers, const RunOptions& options) {
    files.Append("/r/ns_pod_uid/c/0.log", "2024-01-01T00:00:00Z stdout F a\n");
    auto engine = Engine::Create(
        {.tailer = {.root = "/r"}, .batch_age_max = Duration::zero()},
        {.files = &files, .exporter = std::make_unique<Answering>(outcome, answers)});
    if (!engine) return engine.error();
    return podtail::Run(**engine, {}, options);
  }
  MemoryLogFileSystem files;
};

TEST_F(RunnerTest, EndsWhenAllIsDelivered) {
  const Status status = RunWith(DeliveryOutcome::kDelivered, true,
                                {.until_idle = true, .held_max = std::chrono::hours(1)});
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST_F(RunnerTest, GivesUpWhenTheSinkRefusesForTooLong) {
  const Status status = RunWith(DeliveryOutcome::kHeld, true,
                                {.until_idle = true, .held_max = std::chrono::milliseconds(1)});
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("refused"), std::string::npos) << status.message();
}

TEST_F(RunnerTest, GivesUpWhenNothingIsAccepted) {
  for (const bool answers : {false, true}) {
    const Status status =
        RunWith(DeliveryOutcome::kRetry, answers,
                {.until_idle = true, .stalled_max = std::chrono::milliseconds(1)});
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
    EXPECT_NE(status.message().find("accepted nothing"), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace podtail
