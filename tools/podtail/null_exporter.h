// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_NULL_EXPORTER_H_
#define PODTAIL_TOOLS_NULL_EXPORTER_H_
// `--null`: takes every batch and delivers it with the next Poll(), so that what
// comes before it can be measured. Not thread-safe.
#include <vector>

#include "podtail/exporter.h"
namespace podtail {

class NullExporter final : public Exporter {
 public:
  std::string_view name() const noexcept override { return "null"; }
  SinkNeeds needs() const noexcept override { return {}; }
  OfferResult Offer(const RecordBatchRef& batch) override;
  Instant Poll(const Tick& tick, std::vector<Delivery>* answered) override;
  int readiness_fd() const noexcept override { return -1; }

 private:
  std::vector<BatchSequence> taken_;  // since the last Poll()
};

}  // namespace podtail
#endif
