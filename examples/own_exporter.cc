// SPDX-License-Identifier: Apache-2.0
// The whole engine with an exporter of one's own: own_exporter ROOT. Ends when all is delivered.
#include <iostream>
#include "podtail/engine.h"
#include "podtail/runner.h"
using namespace podtail;

struct Printer final : Exporter {
  std::vector<Delivery> taken;
  std::string_view name() const noexcept override { return "printer"; }
  OfferResult Offer(const RecordBatchRef& batch) override {
    for (const LogRecord& record : batch->records())
      std::cout << batch->resource().pod_name << ' ' << record.body.view() << '\n';
    taken.push_back({batch->sequence(), DeliveryOutcome::kDelivered});
    return OfferResult::kTaken;
  }
  Instant Poll(const Tick& tick, std::vector<Delivery>* answered) override {
    answered->swap(taken);  // the acknowledgement: from here on podtail may forget the bytes
    return tick.now + std::chrono::seconds(1);
  }
  int readiness_fd() const noexcept override { return -1; }
};

int main(int, char** argv) {
  auto files = NewPosixLogFileSystem();
  auto engine = Engine::Create({.tailer = {.root = argv[1]}},
                               {.files = files.get(), .exporter = std::make_unique<Printer>()});
  return engine && Run(**engine, {}, {.until_idle = true}).ok() ? 0 : 1;
}
