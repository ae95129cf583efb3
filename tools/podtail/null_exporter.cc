// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/null_exporter.h"

namespace podtail {

OfferResult NullExporter::Offer(const RecordBatchRef& batch) {
  taken_.push_back(batch->sequence());
  return OfferResult::kTaken;
}

Instant NullExporter::Poll(const Tick&, std::vector<Delivery>* answered) {
  for (const BatchSequence batch : taken_) {
    answered->push_back({.batch = batch, .outcome = DeliveryOutcome::kDelivered});
  }
  taken_.clear();
  return Instant::max();
}

}  // namespace podtail
