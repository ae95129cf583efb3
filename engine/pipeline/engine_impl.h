// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PIPELINE_ENGINE_IMPL_H_
#define PODTAIL_ENGINE_PIPELINE_ENGINE_IMPL_H_
// One engine: the parts and the turn (engine.h).
//
// Thread safety: none; it belongs to the polling thread.
// Invariants
//   1 the stages of a turn run in one order: settle, persist, retire, offer, read.
//   2 ledger.Settle is called for a batch when the exporter said it has every
//     record, or when what it refused is durable in the loss log; nowhere else.
//   3 memory in use stays below memory_bytes_max: without room nothing is read.
//   4 bytes read = settled + held + lost, of every source (byte_account.h).
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/pipeline/batch_assembler.h"
#include "engine/pipeline/byte_account.h"
#include "engine/pipeline/lane_queues.h"
#include "engine/pipeline/volatile_store.h"
#include "engine/port/readiness_set.h"
#include "podtail/engine.h"

namespace podtail {

struct Engine::Impl {
  Impl(EngineOptions given, EngineParts given_parts, MessageExtractor message_extractor,
       std::unique_ptr<Tailer> log_tailer);

  // What has to be in the loss log before `sequence` may settle.
  struct Losing {
    BatchSequence sequence;
    RecordBatchRef batch;          // null: a gap
    std::vector<Refusal> refused;  // of the batch
    std::optional<PendingGap> gap;
    FileIdentity file;  // of the gap
    std::string path;
    Timestamp time{};
    ContainerId container{};
    // How many refusals, and pieces of the next one, the log has taken.
    std::size_t refusals = 0, pieces = 0;
    bool appended = false;
    WriteSequence write{};
  };
  struct Shed {
    Instant resume_at{};
    Duration pause{};
    bool resumed = false;
    // Its lanes were refused: until the sink takes all it has, it reads no more
    // than a batch.
    bool on_probation = false;
  };

  Expected<Instant> Poll(const Tick& tick);
  void Settle(const Tick& tick);
  void TakeDelivery(const Delivery& delivery, const Tick& tick);
  void Persist(const Tick& tick);
  void Submit(const Tick& tick);
  void Retire();
  void Offer(const Tick& tick);
  void Read(const Tick& tick);
  void TakeOutput(const Tick& tick);
  void PaceHints(const Tick& tick);
  Duration hint_pace() const;

  void AppendLosses(const Tick& tick);
  bool Append(Losing* entry);
  bool AppendRefused(Losing* entry);
  void SettleLost(const Losing& entry);
  LossEntry EntryOf(const Losing& entry, const Refusal& refusal, const Piece& piece) const;
  void SayTrouble(const Status& trouble, std::string* said);

  std::size_t memory_in_use() const;
  std::size_t free_memory() const;
  std::size_t container_bytes_max() const;
  void PauseHeavy();
  void ResumeLight();
  void MakeRoom(const Tick& tick);
  void ResumeShed(const Tick& tick);
  void ShedLargest(const Tick& tick);
  void ShedRefused(const Tick& tick);
  void ShedOne(ContainerId container, const Tick& tick);
  bool MayShed(ContainerId container) const;
  bool OnProbation(ContainerId container) const;
  void EndProbation(ContainerId container);
  bool AtEnd() const;
  bool Balanced() const;
  bool Settled() const;
  EngineCounters Counters() const;

  // What one turn may add to memory: a buffer full of bytes copied once, a run
  // that grows meanwhile, and a record for every line.
  static constexpr std::size_t kTurnBytes = 3 * 1024 * 1024;

  // Constant
  const EngineOptions options;
  EngineParts parts;
  const std::size_t buffer_bytes;

  // State
  VolatileStore volatile_store;
  CheckpointStore* store;
  ReadinessSet readiness;
  MetadataCache metadata;
  MessageExtractor extractor;
  std::unique_ptr<Tailer> tailer;
  CheckpointLedger ledger;
  ByteAccount account;
  LaneQueues lanes;
  BatchAssembler assembler;
  std::vector<Losing> losing;
  std::map<ContainerId, Shed> shed;
  std::set<ContainerId> paused;
  EngineCounters counted;  // what only grows
  bool draining = false;
  bool moved = false;  // since the last submission
  WriteSequence submitted{};
  WriteSequence durable{};
  std::uint64_t accepted_bytes = 0;  // since the last submission
  Instant next_commit{};
  Instant held_since = Instant::max();
  std::optional<Instant> accepted_at;
  bool heeds_hints = true;
  Instant heeds_hints_at{};  // again, unless there is news
  std::string store_trouble;
  std::string loss_trouble;

  // Scratch of one turn
  TailOutput out;
  std::vector<Delivery> answered;
  Instant exporter_due{}, store_due{}, losses_due{}, tailer_due{};
};

}  // namespace podtail
#endif
