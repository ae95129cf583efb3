// SPDX-License-Identifier: Apache-2.0
// house.md 4.2 invariant 4, reliability.md I1 and I10: settled + waiting + lost is
// what there is, at every moment; lost is what the loss log says.
#include "engine/pipeline/byte_account.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "tests/pipeline/engine_world.h"

namespace podtail {
namespace {

constexpr SourceId kA{1};
constexpr SourceId kB{2};

TEST(ByteAccount, BalancesOnlyWhenEveryByteIsSomewhere) {
  ByteAccount account;
  account.Open(kA, 100);
  account.Open(kB, 0);
  account.Read(kA, 160);
  EXPECT_FALSE(account.Balances({}));
  EXPECT_FALSE(account.Balances({{kA, 59}}));
  EXPECT_TRUE(account.Balances({{kA, 60}}));
  account.Settle(kA, 40);
  account.Lose(kA, 140, 5);
  EXPECT_TRUE(account.Balances({{kA, 15}}));
  EXPECT_FALSE(account.Balances({{kA, 15}, {kB, 1}}));
  EXPECT_EQ(account.settled_bytes(), 40U);
  EXPECT_EQ(account.lost_bytes(), 5U);
  EXPECT_EQ(account.held_bytes(), 15U);
  EXPECT_TRUE(account.Covers(kA, 145));
  EXPECT_FALSE(account.Covers(kA, 146));
}

TEST(ByteAccount, TakesBackWhatASourceThatIsShedHadBehindItsCommittedOffset) {
  ByteAccount account;
  account.Open(kA, 0);
  account.Read(kA, 100);
  account.Settle(kA, 30);  // [0, 30)
  account.Lose(kA, 30, 10);
  account.Settle(kA, 20);  // [60, 80): settled, and not committed
  account.Lose(kA, 80, 5);
  account.Drop(kA, 40);
  EXPECT_EQ(account.settled_bytes(), 30U);
  EXPECT_EQ(account.lost_bytes(), 10U);
  EXPECT_EQ(account.held_bytes(), 0U);
}

class LaterLosses : public LossLog {
 public:
  struct Place {
    Hash128 head;  // a file that was cut and filled again has the inode, and other bytes
    std::uint64_t inode, begin, end;
    LossReason reason;
    auto operator<=>(const Place&) const = default;
  };
  Expected<WriteSequence> Append(const LossEntry& entry) override {
    if (choices->OneIn(6)) return Unexpected(Status(StatusCode::kResourceExhausted, "full"));
    ++written;
    pending.emplace_back(Place{entry.file.head.hash, entry.file.inode, entry.extent.begin,
                               entry.extent.end, entry.reason},
                         entry.bytes);
    return static_cast<WriteSequence>(written);
  }
  WriteProgress Poll(const Tick& tick) override {
    for (std::size_t n = choices->Below(pending.size() + 1); n > 0; --n) {
      ++durable;
      repeated += places.count(pending.front().first);
      places[pending.front().first] = pending.front().second;
      (pending.front().first.reason < LossReason::kRefused ? gaps : letters) += 1;
      pending.pop_front();
    }
    return {static_cast<WriteSequence>(durable), {}, tick.now};
  }
  int readiness_fd() const noexcept override { return -1; }
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [place, lost] : places) sum += lost;
    return sum;
  }

  Choices* choices = nullptr;
  std::deque<std::pair<Place, std::uint64_t>> pending;
  std::map<Place, std::uint64_t> places;  // durable ones, each once
  std::uint64_t written = 0, durable = 0, gaps = 0, letters = 0, repeated = 0;
};

// Delivers, refuses records now and then, gives batches back.
class Picky : public Exporter {
 public:
  Picky(Choices* choices, std::uint64_t* refused) : choices_(choices), refused_(refused) {}
  std::string_view name() const noexcept override { return "picky"; }
  SinkNeeds needs() const noexcept override { return {LaneScope::kContainerStream, true, 0, 0}; }
  OfferResult Offer(const RecordBatchRef& batch) override {
    taken_.push_back(batch);
    return OfferResult::kTaken;
  }
  Instant Poll(const Tick& tick, std::vector<Delivery>* answered) override {
    for (const RecordBatchRef& batch : taken_) {
      Delivery delivery{batch->sequence(), DeliveryOutcome::kDelivered, {}, tick.now, {}};
      if (choices_->OneIn(5)) delivery.outcome = DeliveryOutcome::kRetry;
      if (choices_->OneIn(4)) {
        delivery.outcome = DeliveryOutcome::kRefused;
        for (std::uint32_t i = 0; i < batch->records().size(); ++i) {
          if (choices_->OneIn(2)) delivery.refused.push_back({i, LossReason::kRefused, "no"});
        }
        for (const Refusal& refusal : delivery.refused) {
          *refused_ += batch->records()[refusal.record].pieces.size();
        }
      }
      answered->push_back(std::move(delivery));
    }
    taken_.clear();
    return tick.now;
  }
  int readiness_fd() const noexcept override { return -1; }

 private:
  Choices* choices_;
  std::uint64_t* refused_;
  std::vector<RecordBatchRef> taken_;
};

struct World {
  explicit World(std::uint64_t seed) : choices(seed) {
    options.tailer.root = "/r";
    options.tailer.switch_grace = Duration::zero();
    options.tailer.read_buffer_bytes = 16 * 1024;
    options.record_bytes_max = 5 + choices.Below(60);
    options.line_overflow = choices.OneIn(2) ? LineOverflow::kDrop : LineOverflow::kSplit;
    options.run_gap_bytes_max = 40 + choices.Below(400);
    options.batch_records_max = static_cast<std::uint32_t>(1 + choices.Below(6));
    losses.choices = &choices;
    auto made =
        Engine::Create(options, {.files = &files,
                                 .checkpoints = &store,
                                 .losses = &losses,
                                 .exporter = std::make_unique<Picky>(&choices, &refused_pieces)});
    EXPECT_TRUE(made.has_value());
    engine = std::move(made).value();
  }
  void Write() {
    std::string line = choices.OneIn(20) ? "no CRI line"
                                         : "2024-01-01T00:00:00Z " +
                                               std::string(choices.OneIn(2) ? "stdout" : "stderr") +
                                               (choices.OneIn(2) ? " F m" : " P m");
    line += std::to_string(++serial) + std::string(choices.Below(choices.OneIn(9) ? 200 : 9), 'x');
    if (choices.OneIn(200)) line.append(40'000, 'L');  // longer than the read buffer
    files.Append("/r/ns_pod_uid/c/0.log", line + "\n");
    written += line.size() + 1;
  }
  void Turn() {
    now += std::chrono::milliseconds(1 + choices.Below(400));
    files.now += std::chrono::milliseconds(10);
    ASSERT_TRUE(engine->Poll({Instant(now), files.now}).has_value());
    const EngineCounters counters = engine->counters();
    // A batch settles when all that it lost is durable.
    ASSERT_LE(counters.lost_bytes, losses.bytes());
    ASSERT_LE(counters.settled_bytes + counters.waiting_bytes + counters.lost_bytes, written);
  }

  Choices choices;
  MemoryLogFileSystem files;
  LaterStore store{nullptr};
  LaterLosses losses;
  EngineOptions options;
  std::unique_ptr<Engine> engine;
  Duration now{};
  std::uint64_t serial = 0, written = 0, refused_pieces = 0;
};

TEST(EngineByteAccount, HasEveryByteAndLosesExactlyWhatTheLossLogSays) {
  std::uint64_t gaps = 0, letters = 0;
  for (std::uint64_t seed = 1; seed <= 60 && !testing::Test::HasFatalFailure(); ++seed) {
    World world(seed);
    for (int step = 0; step < 300; ++step) {
      if (world.choices.OneIn(4)) {
        world.Turn();
      } else if (world.choices.OneIn(40) && world.files.Exists("/r/ns_pod_uid/c/0.log")) {
        char stamp[32];
        std::snprintf(stamp, sizeof(stamp), ".20240101-%06d", step);
        world.files.Rename("/r/ns_pod_uid/c/0.log", std::string("/r/ns_pod_uid/c/0.log") + stamp);
      } else if (world.choices.OneIn(100) && world.files.Exists("/r/ns_pod_uid/c/0.log")) {
        world.files.Truncate("/r/ns_pod_uid/c/0.log", 0);
        world.now += std::chrono::seconds(1);  // seen before it grows again
        world.Turn();
      } else {
        world.Write();
      }
      if (testing::Test::HasFatalFailure()) return;
    }
    for (int i = 0; i < 3000 && (i < 10 || !world.engine->idle()); ++i) world.Turn();
    ASSERT_TRUE(world.engine->idle()) << "seed " << seed;
    const EngineCounters counters = world.engine->counters();
    EXPECT_EQ(counters.lost_bytes, world.losses.bytes()) << "seed " << seed;
    EXPECT_EQ(counters.gaps, world.losses.gaps) << "seed " << seed;
    EXPECT_EQ(world.losses.letters, world.refused_pieces) << "seed " << seed;
    EXPECT_EQ(world.losses.repeated, 0U) << "seed " << seed;
    gaps += world.losses.gaps;
    letters += world.losses.letters;
  }
  EXPECT_GT(gaps, 50U);
  EXPECT_GT(letters, 1000U);
}

TEST(EngineByteAccount, SumsToWhatWasWritten) {
  for (std::uint64_t seed = 1; seed <= 20 && !testing::Test::HasFatalFailure(); ++seed) {
    World world(seed);
    for (int step = 0; step < 300; ++step) {
      world.Write();
      if (world.choices.OneIn(4)) world.Turn();
    }
    for (int i = 0; i < 3000 && (i < 10 || !world.engine->idle()); ++i) {
      world.Turn();
      const EngineCounters now = world.engine->counters();
      if (i >= 10) {
        ASSERT_EQ(now.settled_bytes + now.waiting_bytes + now.lost_bytes, world.written)
            << "seed " << seed << ", at every moment";
      }
    }
    EXPECT_TRUE(world.engine->idle());
  }
}

}  // namespace
}  // namespace podtail
