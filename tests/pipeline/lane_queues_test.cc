// SPDX-License-Identifier: Apache-2.0
// house.md 4.1: a lane's batches in order, refused lanes alone, memory exact.
#include "engine/pipeline/lane_queues.h"

#include <gtest/gtest.h>

#include <string>

namespace podtail {
namespace {

class Taker : public Exporter {
 public:
  std::string_view name() const noexcept override { return "taker"; }
  OfferResult Offer(const RecordBatchRef& batch) override {
    if (answer == OfferResult::kTaken) taken.push_back(batch->sequence());
    offered.push_back(batch->lane().container);
    return answer;
  }
  Instant Poll(const Tick&, std::vector<Delivery>*) override { return Instant::max(); }
  int readiness_fd() const noexcept override { return -1; }
  OfferResult answer = OfferResult::kTaken;
  std::vector<BatchSequence> taken;
  std::vector<ContainerId> offered;
};

class LaneQueuesTest : public testing::Test {
 protected:
  void Add(std::uint32_t container, const std::string& body, const PodResourceRef& resource) {
    auto* lane =
        queues.Prepare({ContainerId{container}, std::nullopt}, resource, body.size(), At(now));
    if (!queues.NeededFrom(lane, SourceId{container})) {
      queues.Need(lane, {SourceId{container}, {}}, {});
    }
    const Piece piece{SourceId{container}, {0, body.size()}, body.size()};
    RecordDraft draft;
    draft.raw = body;
    draft.body = body;
    draft.pieces = std::span<const Piece>(&piece, 1);
    queues.Add(lane, draft);
  }
  void Add(std::uint32_t container, const std::string& body) { Add(container, body, web); }
  static Tick At(int milliseconds) {
    return {Instant(std::chrono::milliseconds(milliseconds)), {}};
  }
  static std::vector<BatchSequence> Sequences(std::initializer_list<std::uint64_t> numbers) {
    std::vector<BatchSequence> all;
    for (const std::uint64_t n : numbers) all.push_back(static_cast<BatchSequence>(n));
    return all;
  }

  int now = 0;
  PodResourceRef web = std::make_shared<PodResource>();
  CheckpointLedger ledger;
  Taker taker;
  LaneQueues queues{{.batch_bytes_max = 100, .batch_records_max = 3}, &ledger, &taker};
};

TEST_F(LaneQueuesTest, SealsBySizeByCountAndByAge) {
  Add(1, std::string(60, 'a'));
  Add(1, std::string(60, 'b'));             // seals the first
  for (int i = 0; i < 4; ++i) Add(2, "x");  // the fourth seals three
  EXPECT_TRUE(queues.Offer(At(0), WriteSequence{0}));
  EXPECT_EQ(taker.taken, Sequences({1, 3}));
  queues.SealOld(At(999));
  EXPECT_EQ(queues.NextOffer(At(999)), Instant(std::chrono::seconds(1)));
  queues.SealOld(At(1000));
  EXPECT_EQ(queues.NextOffer(At(1000)), At(1000).now) << "sealed, and not offered yet";
  queues.Offer(At(1000), WriteSequence{0});
  EXPECT_EQ(taker.taken, Sequences({1, 3, 2, 4}));
  EXPECT_EQ(queues.NextOffer(At(1000)), Instant::max());
}

TEST_F(LaneQueuesTest, NeverMixesTwoInstancesInABatch) {
  Add(1, "old", web);
  Add(1, "new", std::make_shared<PodResource>());
  queues.SealAll();
  queues.Offer(At(0), WriteSequence{0});
  EXPECT_EQ(taker.taken.size(), 2U);
}

TEST_F(LaneQueuesTest, OffersNothingOfALaneBehindWhatCameBack) {
  for (int i = 0; i < 9; ++i) Add(1, "x");
  Add(2, "y");
  queues.SealAll();
  queues.Offer(At(0), WriteSequence{0});
  ASSERT_EQ(taker.taken, Sequences({1, 2, 3, 4}));
  queues.Retry(BatchSequence{1}, At(500).now);
  Add(1, "z");
  queues.SealAll();
  taker.taken.clear();
  queues.Offer(At(499), WriteSequence{0});
  EXPECT_TRUE(taker.taken.empty()) << "the lane waits for its oldest batch";
  EXPECT_EQ(queues.NextOffer(At(499)), At(500).now);
  queues.Offer(At(500), WriteSequence{0});
  EXPECT_EQ(taker.taken, Sequences({1, 5}));
}

TEST_F(LaneQueuesTest, GivesEveryLaneItsTurnAtAFullSink) {
  for (std::uint32_t lane = 1; lane <= 3; ++lane) Add(lane, "x");
  queues.SealAll();
  taker.answer = OfferResult::kFull;
  queues.Offer(At(0), WriteSequence{0});
  EXPECT_EQ(taker.offered, std::vector<ContainerId>{ContainerId{1}}) << "full is full";
  taker.answer = OfferResult::kTaken;
  queues.Offer(At(0), WriteSequence{0});
  EXPECT_EQ(taker.taken.size(), 3U);
}

TEST_F(LaneQueuesTest, HoldsBackWhatWaitsForTheJournal) {
  Add(1, "x");
  queues.NeedsJournal(queues.Prepare({ContainerId{1}, std::nullopt}, web, 0, At(0)));
  queues.SealAll();
  EXPECT_TRUE(queues.wants_gate());
  queues.Offer(At(0), WriteSequence{100});
  EXPECT_TRUE(taker.taken.empty());
  queues.Gate(WriteSequence{101});
  queues.Offer(At(0), WriteSequence{100});
  EXPECT_TRUE(taker.taken.empty()) << "not durable yet";
  queues.Offer(At(0), WriteSequence{101});
  EXPECT_EQ(taker.taken, Sequences({1}));
}

TEST_F(LaneQueuesTest, ALateAnswerForWhatWasDroppedSettlesNothingNewer) {
  Add(1, "old");
  queues.SealAll();
  queues.Offer(At(0), WriteSequence{0});
  queues.Drop(ContainerId{1});
  EXPECT_TRUE(queues.empty());
  EXPECT_GT(queues.memory_bytes(), 0U) << "the exporter still has it";
  Add(1, "read again");
  queues.SealAll();
  queues.Offer(At(0), WriteSequence{0});
  ASSERT_EQ(taker.taken, Sequences({1, 2}));
  EXPECT_EQ(queues.Find(BatchSequence{1}), nullptr);
  queues.Retry(BatchSequence{1}, At(500).now);
  EXPECT_EQ(queues.blocked(), 0U);
  queues.Settle(BatchSequence{1});
  EXPECT_FALSE(queues.empty());
  EXPECT_NE(queues.Find(BatchSequence{2}), nullptr);
  EXPECT_EQ(queues.memory_bytes(), queues.container_bytes(ContainerId{1}));
  queues.Settle(BatchSequence{2});
  EXPECT_EQ(queues.memory_bytes(), 0U);
}

TEST_F(LaneQueuesTest, ALaneIsRefusedFromItsFirstReturnUntilSomethingSettles) {
  for (int i = 0; i < 6; ++i) Add(1, "x");
  Add(2, "y");
  queues.SealAll();
  queues.Offer(At(0), WriteSequence{0});
  EXPECT_FALSE(queues.only_refused());
  queues.Retry(BatchSequence{1}, At(500).now);
  queues.Settle(BatchSequence{3});
  EXPECT_TRUE(queues.only_refused());
  EXPECT_TRUE(queues.refuses(ContainerId{1}));
  std::map<ContainerId, std::size_t> refused;
  queues.AddRefusedBytes(&refused);
  EXPECT_EQ(refused.at(ContainerId{1}), queues.memory_bytes());
  queues.Offer(At(500), WriteSequence{0});
  EXPECT_TRUE(queues.refuses(ContainerId{1})) << "tried again, not taken yet";
  queues.Settle(BatchSequence{1});
  EXPECT_FALSE(queues.refuses(ContainerId{1}));
  EXPECT_EQ(queues.blocked(), 0U);
}

TEST_F(LaneQueuesTest, CountsItsMemoryToTheByteBackToNothing) {
  EXPECT_EQ(queues.memory_bytes(), 0U);
  for (std::uint32_t i = 0; i < 50; ++i) Add(i % 5, std::string(i, 'x'));
  EXPECT_GT(queues.memory_bytes(), 50 * sizeof(LogRecord));
  queues.SealAll();
  queues.Offer(At(0), WriteSequence{0});
  queues.Drop(ContainerId{3});
  for (std::uint64_t sequence = 1; sequence <= 50; ++sequence) {
    queues.Settle(static_cast<BatchSequence>(sequence));
  }
  EXPECT_EQ(queues.memory_bytes(), 0U);
  EXPECT_TRUE(queues.empty());
  EXPECT_FALSE(queues.in_flight());
}

}  // namespace
}  // namespace podtail
