// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/null_exporter.h"

#include <gtest/gtest.h>

#include "tests/tools/lines_batch.h"

namespace podtail {
namespace {

TEST(NullExporter, DeliversEveryBatchOnceWithTheNextPoll) {
  NullExporter exporter;
  EXPECT_EQ(exporter.needs().lane, LaneScope::kContainer);
  EXPECT_FALSE(exporter.needs().unique_times);
  std::vector<Delivery> answered;
  EXPECT_EQ(exporter.Offer(BatchOf(1, {"a"})), OfferResult::kTaken);
  EXPECT_EQ(exporter.Offer(BatchOf(2, {"b"})), OfferResult::kTaken);
  EXPECT_EQ(exporter.Poll(Tick{}, &answered), Instant::max());
  ASSERT_EQ(answered.size(), 2u);
  EXPECT_EQ(answered[0].batch, BatchSequence{1});
  EXPECT_EQ(answered[1].batch, BatchSequence{2});
  for (const Delivery& delivery : answered) {
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::kDelivered);
    EXPECT_TRUE(delivery.why.ok());
  }
  exporter.Poll(Tick{}, &answered);
  EXPECT_EQ(answered.size(), 2u);
}

}  // namespace
}  // namespace podtail
