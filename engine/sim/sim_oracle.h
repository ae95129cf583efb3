// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_ORACLE_H_
#define PODTAIL_ENGINE_SIM_SIM_ORACLE_H_
// What must be true of an engine, whatever happens to it (reliability.md 3).
//
// It sees both ends: every byte that is written, and every batch, answer, loss and
// checkpoint that leaves the engine. It knows nothing of how the engine works but
// the public contracts, and reads lines with a reader of its own.
//
//   I1 conserve   every byte is accepted, lost with a word, waiting, or was never readable
//   I2 commit     a submitted offset lies within what is settled
//   I3 monotone   and never moves back
//   I4 order      first acceptances come in file order, per generation and stream, and
//                 what a runtime adds right behind a rotation counts as written in time
//   I5 repeats    only what was not acknowledged, or not committed at the last crash
//   I6 identical  a record sent again is the same, and no byte is in two records
//   I10 honest    the engine's counters are what happened
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "engine/sim/sim_generation.h"
#include "engine/sim/sim_log_file_system.h"
#include "engine/sim/sim_trace.h"
#include "podtail/engine.h"
#include "podtail/observer.h"

namespace podtail {

struct SimOracleOptions {
  bool unique_times = false;
  bool times_go_back = false;   // what is unique then comes again
  bool long_lines = false;      // longer than the read buffer: parts of one settle by themselves
  bool strong_identity = true;  // birth times or handles tell files apart
  Duration openable_max = std::chrono::seconds(8);  // a file is opened within it
};

class SimOracle : public SimFileListener, public Observer {
 public:
  explicit SimOracle(SimTrace* trace) : trace_(trace) {}

  // -- lives ----------------------------------------------------------------
  void BeginLife(const LoadedCheckpoints& loaded, bool damaged);
  void EndLife();
  // Something keeps an engine from opening what is there: now, or from now on.
  void Hinder(bool from_now_on);
  // Just now: it pauses a container whose lane is heavy.
  void HinderNow() { Hinder(hindered_); }
  // A marker may not be readable: what was committed may be read again.
  void Weaken() { weak_ = true; }
  // This generation's bytes may be missing: say why in the call.
  void Excuse(const SimNode& node);

  // -- what leaves the engine -------------------------------------------------
  void Offered(const RecordBatch& batch);
  void Applied(const RecordBatch& batch);
  void Answered(const RecordBatch& batch, const Delivery& delivery);
  void Submitted(const CheckpointEdit& edit);
  void Durable(const CheckpointEdit& edit);
  void LossAppended(WriteSequence sequence, const LossEntry& entry);
  void LossDurable(WriteSequence durable);

  // -- what must hold ---------------------------------------------------------
  void CheckCounters(const EngineCounters& counters);  // at rest
  void CheckConserved();                               // at rest, all healed
  void CheckStopped(const EngineCounters& counters);   // drained

  // -- SimFileListener --------------------------------------------------------
  void OnBytes(const SimNode& node, std::string_view bytes) override;
  void OnCut(const SimNode& node, std::size_t size) override;
  void OnNamed(const SimNode& node, const std::string& path) override;
  void OnCompressed(const SimNode& node, const SimNode& of, std::size_t gives) override;
  void OnOpened(const SimNode& node) override;
  void OnSeen(const SimNode& node, std::uint64_t bytes, bool read) override;
  void OnGone(const SimNode& node) override;

  // -- Observer ---------------------------------------------------------------
  void OnFileOpened(std::string_view path, std::uint64_t offset) override;
  void OnFileSkipped(std::string_view path, SkipReason reason) override;
  void OnMalformedLine(std::string_view path, Extent extent, CriError error) override;
  void OnShed(const PodResource& resource, std::size_t bytes) override;

  SimOracleOptions options;
  std::uint64_t sheds() const noexcept { return sheds_; }
  const std::vector<std::unique_ptr<SimGeneration>>& generations() const { return generations_; }

 private:
  struct Owned {
    SimGeneration* generation;
    Extent range;
  };
  struct Record {
    std::uint64_t rendering = 0;  // hash of everything a sink sees
    std::uint64_t resource = 0;   // but for this
    std::vector<Owned> owned;
    SimGeneration* generation = nullptr;  // of its first byte
    std::uint64_t begin = 0;
    std::uint64_t step = 0;  // of the world, when it was first offered
    std::uint64_t life = 0;  // and by which life
    std::uint32_t part = 0;
    int stream = 0;        // -1: malformed
    bool goes_on = false;  // its run does, in another file or in the next part
    bool applied = false;
    bool torn_off = false;  // was in a longer record, whose other file nobody can read again
    std::uint64_t settled_life = 0;
    std::uint64_t offered_life = 0;
    std::string words;  // for messages
  };
  using RecordKey = std::tuple<std::uint64_t, std::uint64_t, std::uint32_t>;
  using InstanceKey = std::tuple<std::uint64_t, Timestamp, std::uint64_t>;
  struct PendingLoss {
    WriteSequence sequence;
    std::vector<Owned> ranges;
  };

  void Fail(std::string_view invariant, std::string message);
  SimGeneration* Of(const SimNode& node) const;
  SimGeneration* NewGeneration(const SimNode& node);
  std::vector<SimGeneration*> Resolve(const FileIdentity& file) const;
  std::uint32_t Learn(const RecordBatch& batch, std::size_t i);
  bool Describe(const RecordBatch& batch, const LogRecord& record, Record* learned);
  void CheckTime(const LogRecord& record, const Record& learned);
  bool LostItsBeginning(const Record& other) const;
  static bool Has(const Record& record, const SimGeneration* generation, std::uint64_t at);
  void Claim(std::uint32_t index);
  void CheckRepeat(const Record& known);
  void Take(std::uint32_t index);
  void CheckOrder(const SimGeneration& generation);
  void CheckGone(SimGeneration* generation);
  void NoteSuccessor(const SimGeneration& next);
  void NoteLate(SimGeneration* generation, std::uint64_t from);
  void CheckGeneration(SimGeneration* generation);
  SimGeneration* DeclaredGone(std::string_view path, std::uint64_t offset);
  bool MayWait(const SimGeneration& generation, const SimLine& line);
  std::string Where(const SimGeneration& generation, std::uint64_t at) const;

  SimTrace* const trace_;
  std::vector<std::unique_ptr<SimGeneration>> generations_;
  std::map<std::uint64_t, SimGeneration*> by_node_;
  std::map<InstanceKey, std::vector<SimGeneration*>> by_instance_;
  std::map<std::string, std::vector<SimGeneration*>> by_directory_;
  std::vector<Record> records_{1};  // 0 is no record
  std::map<RecordKey, std::uint32_t> by_key_;
  std::map<std::array<std::uint8_t, 16>, std::uint32_t> by_uid_;
  std::set<std::tuple<std::uint64_t, int, Timestamp>> times_;

  // Of this life
  std::uint64_t life_ = 0;
  std::uint64_t first_turn_ = 0;
  bool alive_ = false;
  bool hindered_ = false;
  bool weak_ = false;     // a file may not be recognised
  bool damaged_ = false;  // since some life the state was not what was written
  const SimNode* last_seen_ = nullptr;
  std::vector<SimGeneration*> sources_;
  std::map<BatchSequence, std::vector<std::uint32_t>> batches_;
  std::deque<PendingLoss> losses_;
  std::uint64_t sheds_ = 0;
  std::uint64_t delivered_ = 0, refused_ = 0, gaps_ = 0, gap_bytes_ = 0;
};

}  // namespace podtail
#endif
