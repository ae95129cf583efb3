// SPDX-License-Identifier: Apache-2.0
#include "engine/pipeline/lane_queues.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"

namespace podtail {

struct LaneQueues::LaneState {
  Lane lane;
  std::optional<RecordBatchBuilder> open;
  std::vector<ByteShare> shares;  // of the open batch
  BatchSequence sequence{};       // of the open batch
  Instant opened_at{};
  bool needs_journal = false;
  std::deque<Sealed> sealed;
  std::optional<Instant> retry_at;
};

LaneQueues::LaneQueues(LaneLimits limits, CheckpointLedger* ledger, Exporter* exporter)
    : limits_(limits), ledger_(ledger), exporter_(exporter) {}
LaneQueues::~LaneQueues() = default;

LaneQueues::LaneState* LaneQueues::Prepare(const Lane& lane, const PodResourceRef& resource,
                                           std::size_t body_bytes, const Tick& tick) {
  LaneState* state = &lanes_[lane];
  state->lane = lane;
  // One batch, one container instance; and one sink's idea of a large batch.
  if (state->open && (state->open->resource() != resource ||
                      state->open->body_bytes() + body_bytes > limits_.batch_bytes_max ||
                      state->open->records() >= limits_.batch_records_max)) {
    Seal(state);
  }
  if (!state->open) {
    state->open.emplace(lane, resource);
    memory_bytes_ += state->open->memory_bytes();
    state->sequence = static_cast<BatchSequence>(++last_sequence_);
    state->opened_at = tick.now;
    ages_.emplace_back(state->sequence, lane);
  }
  return state;
}

std::optional<std::uint64_t> LaneQueues::NeededFrom(const LaneState* lane, SourceId source) const {
  return lane->open->NeededFrom(source);
}

void LaneQueues::Need(LaneState* lane, const Hold& hold, const Marker& head) {
  const std::size_t before = lane->open->memory_bytes();
  // The ledger holds the bytes before anyone can say they were read.
  ledger_->Track(lane->sequence, std::span<const Hold>(&hold, 1));
  lane->open->Need(hold, head);
  memory_bytes_ += lane->open->memory_bytes() - before;
}

LogRecord& LaneQueues::Add(LaneState* lane, const RecordDraft& draft) {
  const std::size_t before = lane->open->memory_bytes();
  LogRecord& record = lane->open->Add(draft);
  memory_bytes_ += lane->open->memory_bytes() - before;
  for (const Piece& piece : draft.pieces) AddShare(piece.source, piece.bytes, &lane->shares);
  return record;
}

void LaneQueues::NeedsJournal(LaneState* lane) {
  lane->needs_journal = true;
}

void LaneQueues::Seal(LaneState* lane) {
  PODTAIL_DCHECK(lane->open && !lane->open->empty());
  const std::size_t before = lane->open->memory_bytes();
  Sealed sealed;
  sealed.batch = lane->open->Seal(lane->sequence);
  sealed.shares = std::exchange(lane->shares, {});
  lane->open.reset();
  memory_bytes_ += sealed.batch->memory_bytes();
  memory_bytes_ -= before;
  waiting_[lane->lane.container] += sealed.batch->memory_bytes();
  if (lane->needs_journal) {
    lane->needs_journal = false;
    sealed.gated = true;
    sealed.gate = static_cast<WriteSequence>(~std::uint64_t{0});
    ungated_.emplace_back(lane->sequence, lane->lane);
  }
  by_sequence_.emplace(lane->sequence, lane->lane);
  if (PODTAIL_MUTANT(kLaneOutOfOrder)) {
    lane->sealed.push_front(std::move(sealed));
  } else {
    lane->sealed.push_back(std::move(sealed));
  }
  offerable_.insert(lane->lane);
  sealed_since_offer_ = true;
}

void LaneQueues::Gate(WriteSequence gate) {
  for (const auto& [sequence, lane] : ungated_) {
    Sealed* sealed = nullptr;
    if (LaneOf(sequence, &sealed) != nullptr) sealed->gate = gate;
  }
  ungated_.clear();
}

LaneQueues::LaneState* LaneQueues::OldestOpen() {
  for (; !ages_.empty(); ages_.pop_front()) {
    const auto& [sequence, lane] = ages_.front();
    const auto found = lanes_.find(lane);
    const bool still_open =
        found != lanes_.end() && found->second.open && found->second.sequence == sequence;
    if (still_open) return &found->second;
  }
  return nullptr;
}

void LaneQueues::SealOld(const Tick& tick) {
  LaneState* oldest = OldestOpen();
  while (oldest != nullptr && oldest->opened_at + limits_.batch_age_max <= tick.now) {
    Seal(oldest);
    oldest = OldestOpen();
  }
}

Instant LaneQueues::NextOffer(const Tick& tick) {
  if (sealed_since_offer_) return tick.now;
  const LaneState* oldest = OldestOpen();
  const Instant seal =
      oldest == nullptr ? Instant::max() : oldest->opened_at + limits_.batch_age_max;
  return std::min(seal, retrying_.empty() ? Instant::max() : retrying_.begin()->first);
}

void LaneQueues::SealAll() {
  for (auto& [lane, state] : lanes_) {
    if (state.open) Seal(&state);
  }
  ages_.clear();
}

bool LaneQueues::Offer(const Tick& tick, WriteSequence durable) {
  while (!retrying_.empty() && retrying_.begin()->first <= tick.now) {
    const Lane lane = retrying_.begin()->second;
    retrying_.erase(retrying_.begin());
    const auto found = lanes_.find(lane);
    if (found == lanes_.end()) continue;
    found->second.retry_at.reset();
    offerable_.insert(lane);
  }
  sealed_since_offer_ = false;
  bool taken = false;
  bool full = false;
  // Once around, beginning where the exporter was full the last time.
  std::vector<Lane> order(offerable_.lower_bound(turn_), offerable_.end());
  order.insert(order.end(), offerable_.begin(), offerable_.lower_bound(turn_));
  for (const Lane& lane : order) {
    const auto found = lanes_.find(lane);
    if (found == lanes_.end()) {
      offerable_.erase(lane);
      continue;
    }
    if (OfferLane(&found->second, tick, durable, &full)) taken = true;
    if (full) {
      turn_ = lane;
      break;
    }
    const auto waits = [](const Sealed& sealed) { return sealed.state == State::kWaiting; };
    const auto& sealed = found->second.sealed;
    if (found->second.retry_at || std::none_of(sealed.begin(), sealed.end(), waits)) {
      offerable_.erase(lane);
    }
  }
  return taken;
}

bool LaneQueues::OfferLane(LaneState* lane, const Tick& tick, WriteSequence durable, bool* full) {
  bool taken = false;
  if (lane->retry_at && *lane->retry_at > tick.now) return false;
  for (Sealed& sealed : lane->sealed) {
    if (sealed.state != State::kWaiting) continue;
    if (sealed.gated && sealed.gate > durable && !PODTAIL_MUTANT(kGateIgnored)) return taken;
    switch (exporter_->Offer(sealed.batch)) {
      case OfferResult::kTaken:
        sealed.state = State::kOffered;
        if (PODTAIL_MUTANT(kCommitOnSend)) ledger_->Settle(sealed.batch->sequence());
        ++offered_;
        taken = true;
        break;
      case OfferResult::kLaneBusy:
        return taken;
      case OfferResult::kFull:
        *full = true;
        return taken;
    }
  }
  return taken;
}

LaneQueues::LaneState* LaneQueues::LaneOf(BatchSequence sequence, Sealed** sealed) {
  const auto lane = by_sequence_.find(sequence);
  if (lane == by_sequence_.end()) return nullptr;
  const auto found = lanes_.find(lane->second);
  if (found == lanes_.end()) return nullptr;
  for (Sealed& each : found->second.sealed) {
    if (each.batch->sequence() == sequence) {
      *sealed = &each;
      return &found->second;
    }
  }
  return nullptr;
}

RecordBatchRef LaneQueues::Find(BatchSequence sequence) const {
  Sealed* sealed = nullptr;
  // The lookup changes nothing; it is written once for both.
  return const_cast<LaneQueues*>(this)->LaneOf(sequence, &sealed) == nullptr ? nullptr
                                                                             : sealed->batch;
}

std::vector<ByteShare> LaneQueues::SharesOf(BatchSequence sequence) const {
  Sealed* sealed = nullptr;
  const bool found = const_cast<LaneQueues*>(this)->LaneOf(sequence, &sealed) != nullptr;
  return found ? sealed->shares : std::vector<ByteShare>();
}

void LaneQueues::Retry(BatchSequence sequence, Instant at) {
  Sealed* sealed = nullptr;
  LaneState* lane = LaneOf(sequence, &sealed);
  if (lane == nullptr) return;
  if (sealed->state == State::kOffered) --offered_;
  sealed->state = State::kWaiting;
  refused_.insert(lane->lane);
  if (lane->retry_at) {
    if (*lane->retry_at >= at) return;
    retrying_.erase({*lane->retry_at, lane->lane});
  }
  lane->retry_at = at;
  retrying_.emplace(at, lane->lane);
}

void LaneQueues::Refuse(BatchSequence sequence) {
  Sealed* sealed = nullptr;
  if (LaneOf(sequence, &sealed) == nullptr) return;
  if (sealed->state == State::kOffered) --offered_;
  sealed->state = State::kRefused;
}

void LaneQueues::Block(BatchSequence sequence) {
  Sealed* sealed = nullptr;
  const LaneState* lane = LaneOf(sequence, &sealed);
  if (lane != nullptr) refused_.insert(lane->lane);
}

void LaneQueues::Settle(BatchSequence sequence) {
  Sealed* sealed = nullptr;
  LaneState* lane = LaneOf(sequence, &sealed);
  if (lane == nullptr) {
    const auto dropped = dropped_.find(sequence);
    if (dropped == dropped_.end()) return;
    memory_bytes_ -= dropped->second;
    dropped_.erase(dropped);
    return;
  }
  refused_.erase(lane->lane);
  if (sealed->state == State::kOffered) --offered_;
  sealed->state = State::kSettled;
  const std::size_t bytes = sealed->batch->memory_bytes();
  memory_bytes_ -= bytes;
  const auto waiting = waiting_.find(lane->lane.container);
  waiting->second -= bytes;
  if (waiting->second == 0) waiting_.erase(waiting);
  by_sequence_.erase(sequence);
  auto& all = lane->sealed;
  all.erase(std::remove_if(all.begin(), all.end(),
                           [](const Sealed& each) { return each.state == State::kSettled; }),
            all.end());
  // Its successor may have waited for the answer.
  if (!all.empty()) offerable_.insert(lane->lane);
  ForgetIfEmpty(Lane(lane->lane));
}

void LaneQueues::ForgetIfEmpty(const Lane& lane) {
  const auto found = lanes_.find(lane);
  if (found == lanes_.end() || found->second.open || !found->second.sealed.empty()) return;
  if (found->second.retry_at) retrying_.erase({*found->second.retry_at, lane});
  offerable_.erase(lane);
  refused_.erase(lane);
  lanes_.erase(found);
}

void LaneQueues::Drop(ContainerId container) {
  for (auto it = lanes_.begin(); it != lanes_.end();) {
    if (it->first.container != container) {
      ++it;
      continue;
    }
    LaneState& state = it->second;
    if (state.open) {
      memory_bytes_ -= state.open->memory_bytes();
      ledger_->Settle(state.sequence);
    }
    for (const Sealed& sealed : state.sealed) {
      const BatchSequence sequence = sealed.batch->sequence();
      by_sequence_.erase(sequence);
      if (sealed.state == State::kOffered) {
        --offered_;
        dropped_.emplace(sequence, sealed.batch->memory_bytes());
      } else {
        memory_bytes_ -= sealed.batch->memory_bytes();
        ledger_->Settle(sequence);
      }
    }
    if (state.retry_at) retrying_.erase({*state.retry_at, it->first});
    offerable_.erase(it->first);
    refused_.erase(it->first);
    it = lanes_.erase(it);
  }
  waiting_.erase(container);
}

std::vector<ContainerId> LaneQueues::HeavierThan(std::size_t bytes) const {
  std::vector<ContainerId> heavy;
  for (const auto& [container, waiting] : waiting_) {
    if (waiting > bytes) heavy.push_back(container);
  }
  return heavy;
}

std::size_t LaneQueues::waiting_bytes(ContainerId container) const {
  const auto found = waiting_.find(container);
  return found == waiting_.end() ? 0 : found->second;
}

std::size_t LaneQueues::BytesOf(const LaneState& lane) {
  std::size_t bytes = lane.open ? lane.open->memory_bytes() : 0;
  for (const Sealed& sealed : lane.sealed) bytes += sealed.batch->memory_bytes();
  return bytes;
}

std::size_t LaneQueues::container_bytes(ContainerId container) const {
  std::size_t bytes = 0;
  for (auto it = lanes_.lower_bound({container, std::nullopt});
       it != lanes_.end() && it->first.container == container; ++it) {
    bytes += BytesOf(it->second);
  }
  return bytes;
}

void LaneQueues::AddRefusedBytes(std::map<ContainerId, std::size_t>* bytes) const {
  for (const Lane& lane : refused_) (*bytes)[lane.container] += BytesOf(lanes_.at(lane));
}

void LaneQueues::AddShares(std::map<SourceId, std::uint64_t>* held) const {
  for (const auto& [lane, state] : lanes_) {
    for (const ByteShare& share : state.shares) (*held)[share.source] += share.bytes;
    for (const Sealed& sealed : state.sealed) {
      for (const ByteShare& share : sealed.shares) (*held)[share.source] += share.bytes;
    }
  }
}

bool LaneQueues::refuses(ContainerId container) const {
  const auto it = refused_.lower_bound({container, std::nullopt});
  return it != refused_.end() && it->container == container;
}

}  // namespace podtail
