// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_exporter.h"

#include <algorithm>

#include "engine/base/hash.h"

namespace podtail {

class SimSink::Connection : public Exporter {
 public:
  explicit Connection(SimSink* sink) : sink_(sink) {}
  std::string_view name() const noexcept override { return "sim"; }
  SinkNeeds needs() const noexcept override { return sink_->options.needs; }
  OfferResult Offer(const RecordBatchRef& batch) override { return sink_->Offer(batch); }
  Instant Poll(const Tick& tick, std::vector<Delivery>* answered) override {
    return sink_->Poll(tick, answered);
  }
  int readiness_fd() const noexcept override { return -1; }

 private:
  SimSink* const sink_;
};

std::unique_ptr<Exporter> SimSink::Connect() {
  return std::make_unique<Connection>(this);
}

bool SimSink::in_flight() const noexcept {
  return std::any_of(lanes_.begin(), lanes_.end(),
                     [](const auto& lane) { return !lane.second.under_way.empty(); });
}

void SimSink::Crash() {
  for (auto& [lane, state] : lanes_) {
    for (const RecordBatchRef& batch : state.under_way) {
      trace_->Hit(SimMark::kCrashInFlight);
      if (tape_->Below(2) == 1) break;  // this one, and so those behind it, never arrive
      trace_->Hit(SimMark::kArrivedAfterCrash);
      oracle_->Applied(*batch);
    }
  }
  lanes_.clear();
}

OfferResult SimSink::Offer(const RecordBatchRef& batch) {
  if (tape_->OneIn(options.full_in)) {
    trace_->Hit(SimMark::kSinkFull);
    return OfferResult::kFull;
  }
  LaneState& lane = lanes_[batch->lane()];
  if (lane.refused_until > now_) {
    trace_->Hit(SimMark::kLaneRefused);
    return OfferResult::kLaneBusy;
  }
  if (!lane.under_way.empty() && !options.pipelined) return OfferResult::kLaneBusy;
  if (tape_->OneIn(options.busy_in)) {
    trace_->Hit(SimMark::kLaneBusy);
    return OfferResult::kLaneBusy;
  }
  if (!lane.under_way.empty()) trace_->Hit(SimMark::kTwoBatchesOfALane);
  trace_->Note("offered", {}, static_cast<std::uint64_t>(batch->sequence()),
               batch->records().size());
  oracle_->Offered(*batch);
  lane.under_way.push_back(batch);
  return OfferResult::kTaken;
}

// What is behind a batch that comes back comes back too: the lane keeps its order.
void SimSink::SendBack(LaneState* lane, DeliveryOutcome outcome, Instant retry_at,
                       std::vector<Delivery>* answered) {
  if (lane->under_way.size() > 1) trace_->Hit(SimMark::kLaneSentBackWhole);
  for (const RecordBatchRef& batch : lane->under_way) {
    trace_->Note("sent back", {}, static_cast<std::uint64_t>(batch->sequence()));
    answered->push_back({batch->sequence(), outcome, {}, retry_at, {}});
  }
  lane->under_way.clear();
}

bool SimSink::Poisoned(const LogRecord& record) const {
  return options.poison_in > 0 && HashBytes64(record.body.view()) % options.poison_in == 0;
}

Delivery SimSink::Take(const RecordBatchRef& batch) {
  Delivery delivery{batch->sequence(), DeliveryOutcome::kDelivered, {}, {}, {}};
  for (std::uint32_t i = 0; i < batch->records().size(); ++i) {
    if (!Poisoned(batch->records()[i])) continue;
    trace_->Hit(SimMark::kRecordRefused);
    delivery.outcome = DeliveryOutcome::kRefused;
    delivery.refused.push_back({i, LossReason::kRefused, "poison"});
  }
  if (delivery.refused.size() > 1) trace_->Hit(SimMark::kTwoRecordsRefused);
  if (delivery.refused.size() == batch->records().size()) trace_->Hit(SimMark::kBatchAllRefused);
  return delivery;
}

// False: nothing more of this lane for now.
bool SimSink::AnswerFirst(LaneState* lane, const Tick& tick, std::vector<Delivery>* answered) {
  if (tape_->OneIn(options.late_in)) return false;
  const RecordBatchRef batch = lane->under_way.front();
  const Instant retry_at = tick.now + std::chrono::milliseconds(tape_->OneIn(4) ? 900 : 0);
  if (away || held || tape_->OneIn(options.refused_in)) {
    if (held) trace_->Hit(SimMark::kSinkHeld);
    if (away) trace_->Hit(SimMark::kSinkAway);
    if (!away && !held && options.slow_ms > 0) {
      lane->refused_until = tick.now + std::chrono::milliseconds(tape_->Below(options.slow_ms));
    }
    SendBack(lane, held ? DeliveryOutcome::kHeld : DeliveryOutcome::kRetry, retry_at, answered);
    return false;
  }
  if (tape_->OneIn(options.lost_in)) {
    if (tape_->Below(2) == 0) {
      trace_->Hit(SimMark::kAnswerLostApplied);
      oracle_->Applied(*batch);
    } else {
      trace_->Hit(SimMark::kAnswerLostNotApplied);
    }
    SendBack(lane, DeliveryOutcome::kRetry, retry_at, answered);
    return false;
  }
  Delivery delivery = Take(batch);
  oracle_->Applied(*batch);
  oracle_->Answered(*batch, delivery);
  trace_->Note(delivery.refused.empty() ? "delivered" : "delivered in part", {},
               static_cast<std::uint64_t>(batch->sequence()));
  answered->push_back(std::move(delivery));
  lane->under_way.pop_front();
  return true;
}

Instant SimSink::Poll(const Tick& tick, std::vector<Delivery>* answered) {
  now_ = tick.now;
  const std::size_t before = answered->size();
  Instant due = Instant::max();
  for (auto& [id, lane] : lanes_) {
    while (!lane.under_way.empty() && AnswerFirst(&lane, tick, answered)) continue;
    if (!lane.under_way.empty()) due = tick.now;
    if (lane.refused_until > tick.now) due = std::min(due, lane.refused_until);
  }
  const std::size_t added = answered->size() - before;
  if (options.shuffled && added > 1) {
    trace_->Hit(SimMark::kAnswersShuffled);
    const auto begin = answered->begin() + static_cast<std::ptrdiff_t>(before);
    std::rotate(begin, begin + tape_->Below(static_cast<std::uint32_t>(added)), answered->end());
  }
  return due;
}

}  // namespace podtail
