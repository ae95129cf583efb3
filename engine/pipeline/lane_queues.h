// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PIPELINE_LANE_QUEUES_H_
#define PODTAIL_ENGINE_PIPELINE_LANE_QUEUES_H_
// What waits for the sink, lane by lane.
//
//   open batch ──seal: age, size, pressure──▶ sealed │ sealed │ sealed ──Offer──▶ exporter
//                                             ▲ in order, the oldest first       │
//                                             └──────── came back: kRetry ───────┘
//
// Thread safety: none; it belongs to the polling thread.
// Invariants
//   1 a lane's batches are offered in the order of their sequence, and none
//     while an earlier one waits to be offered again.
//   2 memory_bytes() is the sum over all batches, open, sealed or offered; those
//     dropped on their way count until their answer, for the exporter has them.
//   3 a batch is forgotten only by Settle() or Drop().
//   4 a lane is refused from the moment something of it came back until something
//     of it settles.
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "engine/pipeline/byte_account.h"
#include "engine/record/record_batch_builder.h"
#include "podtail/checkpoint_ledger.h"
#include "podtail/exporter.h"
#include "podtail/tick.h"

namespace podtail {

struct LaneLimits {
  std::size_t batch_bytes_max = 256 * 1024;
  std::uint32_t batch_records_max = 8192;
  Duration batch_age_max = std::chrono::seconds(1);
};

class LaneQueues {
 public:
  // `ledger` and `exporter` must outlive this.
  LaneQueues(LaneLimits limits, CheckpointLedger* ledger, Exporter* exporter);
  ~LaneQueues();

  struct LaneState;

  // The number of a gap on its way to the loss log.
  BatchSequence TakeSequence() { return static_cast<BatchSequence>(++last_sequence_); }

  // The lane's open batch, ready to take a record of so many bytes; what is in
  // the way is sealed. Valid until the next call of any other method.
  LaneState* Prepare(const Lane& lane, const PodResourceRef& resource, std::size_t body_bytes,
                     const Tick& tick);
  // Where that batch begins to need the source already: a record that begins
  // behind it needs no hold of its own.
  std::optional<std::uint64_t> NeededFrom(const LaneState* lane, SourceId source) const;
  // Has the ledger and the batch hold a source; `head` is its head marker.
  void Need(LaneState* lane, const Hold& hold, const Marker& head);
  // REQUIRES: every source of the record is needed. Valid as long as `lane` is.
  LogRecord& Add(LaneState* lane, const RecordDraft& draft);
  // The batch may leave only when `gate` is durable (Gate() says which write
  // that is).
  void NeedsJournal(LaneState* lane);
  bool wants_gate() const noexcept { return !ungated_.empty(); }
  void Gate(WriteSequence gate);

  // Seals what is old enough, or everything.
  void SealOld(const Tick& tick);
  void SealAll();

  // Offers what may go. True when something was taken.
  bool Offer(const Tick& tick, WriteSequence durable);
  // When there is something new to offer: a batch that was sealed since the last
  // Offer(), one that gets too old, or a lane that may be offered again.
  Instant NextOffer(const Tick& tick);

  // The batch behind a delivery; null if it was dropped meanwhile.
  RecordBatchRef Find(BatchSequence sequence) const;
  // What its records took of their sources; empty if it was dropped.
  std::vector<ByteShare> SharesOf(BatchSequence sequence) const;
  void Retry(BatchSequence sequence, Instant at);
  // The sink has answered, and what it did not take is on its way to the loss log.
  void Refuse(BatchSequence sequence);
  // What it was refused cannot be written down for now: its lane is refused.
  void Block(BatchSequence sequence);
  void Settle(BatchSequence sequence);
  // Forgets the container's batches; those on their way settle without it.
  void Drop(ContainerId container);

  std::size_t memory_bytes() const noexcept { return memory_bytes_; }
  // Containers with more than `bytes` sealed or offered.
  std::vector<ContainerId> HeavierThan(std::size_t bytes) const;
  // Sealed or offered, of one container.
  std::size_t waiting_bytes(ContainerId container) const;
  // All of a container's, open batches too.
  std::size_t container_bytes(ContainerId container) const;
  // Adds what each container's refused lanes hold.
  void AddRefusedBytes(std::map<ContainerId, std::size_t>* bytes) const;
  bool refuses(ContainerId container) const;
  // Adds what the batches hold of each source.
  void AddShares(std::map<SourceId, std::uint64_t>* held) const;
  bool empty() const noexcept { return lanes_.empty(); }
  bool in_flight() const noexcept { return offered_ > 0; }
  std::uint64_t blocked() const noexcept { return refused_.size(); }
  // Nothing is on its way that has not come back before.
  bool only_refused() const noexcept { return lanes_.size() == refused_.size(); }

 private:
  enum class State : std::uint8_t { kWaiting = 1, kOffered = 2, kRefused = 3, kSettled = 4 };
  struct Sealed {
    RecordBatchRef batch;
    std::vector<ByteShare> shares;
    State state = State::kWaiting;
    bool gated = false;  // waits for `gate`; kNoGate: not known yet
    WriteSequence gate{};
  };
  void Seal(LaneState* lane);
  // The lane with the oldest open batch; null: there is none.
  LaneState* OldestOpen();
  bool OfferLane(LaneState* lane, const Tick& tick, WriteSequence durable, bool* full);
  void ForgetIfEmpty(const Lane& lane);
  static std::size_t BytesOf(const LaneState& lane);
  LaneState* LaneOf(BatchSequence sequence, Sealed** sealed);

  const LaneLimits limits_;
  CheckpointLedger* const ledger_;
  Exporter* const exporter_;
  std::map<Lane, LaneState> lanes_;  // those with records
  std::map<ContainerId, std::size_t> waiting_;
  std::map<BatchSequence, Lane> by_sequence_;        // sealed
  std::deque<std::pair<BatchSequence, Lane>> ages_;  // open batches, oldest first
  std::set<Lane> offerable_;                         // may have something to offer
  bool sealed_since_offer_ = false;
  Lane turn_{};  // the lane to begin with: a full exporter serves all in turn
  std::set<std::pair<Instant, Lane>> retrying_;
  std::set<Lane> refused_;
  std::map<BatchSequence, std::size_t> dropped_;  // on their way, and their bytes
  std::vector<std::pair<BatchSequence, Lane>> ungated_;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t offered_ = 0;
  std::size_t memory_bytes_ = 0;
};

}  // namespace podtail
#endif
