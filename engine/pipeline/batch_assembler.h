// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PIPELINE_BATCH_ASSEMBLER_H_
#define PODTAIL_ENGINE_PIPELINE_BATCH_ASSEMBLER_H_
// The way of one line: parse, join, find trace and level, put into its lane.
//
//   TailedLine ──ParseCriLine──▶ F alone ───────────────┐
//        │                       P, or part of a run ──▶ joiner ──▶ record ──▶ LaneQueues
//        └─ no CRI line ──▶ record with the raw line ───┘
//
// It keeps, per source, the replay state in front of the next line, and holds in the
// ledger whatever a record needs before the line counts as read.
//
// Thread safety: none; it belongs to the polling thread.
// Invariants
//   1 a source's replay state is a function of the lines before its next one.
//   2 no record joins over a file's end before it is durable what came in time.
//   3 a source into which a run comes over from an earlier one commits nothing
//     before the earlier ones are committed as a whole: read again, they would
//     open the run again (CheckpointLedger::Tether).
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "engine/pipeline/byte_account.h"
#include "engine/pipeline/lane_queues.h"
#include "engine/pipeline/open_runs.h"
#include "engine/record/fragment_joiner.h"
#include "podtail/checkpoint_ledger.h"
#include "podtail/engine.h"
#include "podtail/message_extractor.h"
#include "podtail/metadata_cache.h"
#include "podtail/observer.h"
#include "podtail/tailer.h"

namespace podtail {

struct AssemblerOptions {
  JoinerLimits joiner;
  LaneScope lane = LaneScope::kContainer;
  bool join_fragments = true;
  std::size_t run_gap_bytes_max = 1024 * 1024;
  Duration run_age_max = Duration::zero();
};

// Bytes that no record will carry, held by `sequence` until they are in the loss log.
struct PendingGap {
  BatchSequence sequence;
  Gap gap;
  std::uint64_t bytes;
};

class BatchAssembler : private JoinerOutput {
 public:
  struct Counters {
    std::uint64_t lines = 0, malformed_lines = 0, records = 0;
  };

  // All must outlive the assembler; `observer` may be null.
  BatchAssembler(const AssemblerOptions& options, MetadataCache* metadata,
                 MessageExtractor* extractor, LaneQueues* lanes, CheckpointLedger* ledger,
                 ByteAccount* account, Observer* observer);

  void Open(const SourceOpened& opened);
  void TakeLine(const TailedLine& line, const TailOutput& out, const Tick& tick);
  // Bytes the tailer could not read.
  void TakeGap(const Gap& gap);
  // The file has ended, inside its last line; behind the last piece of that line.
  void EndRest(const SourceClosed& closed, const Tick& tick);
  // The file has ended; after its lines and gaps.
  void Close(const SourceClosed& closed, const Tick& tick);
  // Tells the ledger how far every source was read in this turn.
  void EndTurn(const TailOutput& out);
  // `source` begins to be read: before its first line.
  void Switch(const SourceBegan& began);
  // Which write carries what was switched; how far writes are durable.
  void NoteSubmitted(WriteSequence write);
  void NoteDurable(WriteSequence durable);
  // Closes runs that are older than run_age_max.
  void CloseOldRuns(const Tick& tick);

  // What the lines of the source so far leave behind.
  ReplayState ReplayOf(SourceId source) const;
  void Forget(SourceId id);
  // Sheds a container: where each of its sources has to begin again.
  // REQUIRES: CanReadAgain(container).
  std::vector<Checkpoint> Drop(ContainerId container);
  // False: what it has in memory is not in its files any more.
  bool CanReadAgain(ContainerId container) const;
  // Adds what each container's open runs hold.
  void AddRunBytes(std::map<ContainerId, std::size_t>* bytes) const;
  // Adds what open runs hold of each source.
  void AddRunShares(std::map<SourceId, std::uint64_t>* held) const;

  std::vector<PendingGap> TakePendingGaps();
  const FileIdentity* FileOf(SourceId source) const;
  const std::string* PathOf(SourceId source) const;
  ContainerId ContainerOf(SourceId source) const;  // REQUIRES: it is open
  std::size_t memory_bytes() const noexcept { return runs_bytes_; }
  const Counters& counters() const noexcept { return counters_; }
  const PodResource* ResourceOf(ContainerId container) const;

 private:
  // One container instance: its runs cross from one of its files into the next.
  struct Instance {
    PodResourceRef resource;
    OpenRuns runs;
    std::vector<SourceId> sources;  // in order of their ids
    std::vector<SourceId> begun;    // in the order of their bytes, but for what came late
    std::optional<SourceId> last;   // of them, forgotten or not
    bool ended_short = false;       // and that one, as EndedShort() says
    Marker next;  // head of the file behind the last of them, if a life has seen it
  };
  struct Source {
    ContainerId container{};
    std::tuple<ContainerId, std::uint32_t, std::uint32_t> key;  // with its epoch and restart count
    std::shared_ptr<Instance> instance;
    FileIdentity file;
    std::string path;
    ReplayState replay;  // in front of the next line
    std::vector<std::uint64_t> cuts;
    ResumePoint read;
    std::uint64_t at = 0;                   // behind its last complete line
    const TailedLine* last_line = nullptr;  // of this turn, complete
    ReplayState found;                      // as the checkpoint had it
    std::uint64_t found_end = 0;            // its size when it was opened
    bool started = false;                   // a line was read in this life
    bool resumed = false;                   // `found` may speak of a run
    bool borrows_birth = true;              // no line yet that a malformed one could borrow from
    bool gone = false;                      // its bytes cannot be read again
    // Lines from here on are late (Checkpoint::late_from), and have runs of their own.
    std::optional<std::uint64_t> late_from;
    Marker next;        // Checkpoint::next, of an earlier life
    bool late = false;  // and these are being read
    std::unique_ptr<OpenRuns> late_runs;
    std::vector<SourceId> older;            // files to which nothing may come in time from now on
    bool switching = false;                 // that is not durable yet: no record may leave
    bool mid_line = false;                  // a line that comes in pieces
    ResumePoint mid_point;                  // behind its last piece
    Fragment piece;                         // views are not valid any more
    std::unique_ptr<FragmentJoiner> split;  // cuts a malformed line
  };

  void TakeRecord(const RecordDraft& draft, std::span<const Hold> holds) override;
  void TakeOverflow(const Piece& piece, const Hold& hold) override;

  bool Parse(const TailedLine& line, Source* source, Fragment* fragment);
  void AddDirect(const Fragment& fragment, const TailedLine& line, const TailOutput& out,
                 Source* source);
  void Feed(const Fragment& fragment, Source* source, const Tick& tick);
  void EndLine(const Fragment& fragment, Source* source, const Tick& tick);
  void CountGap(const Fragment& fragment, Source* source);
  // assembler_runs.cc
  bool ClosesRun(const Fragment& fragment, const Source& source) const;
  void CloseRun(OpenRuns* runs, std::size_t stream);
  void CutRun(OpenRuns* runs, std::size_t stream, const Tick& tick);
  void NoteClosed(SourceId id, Source* source);
  void EndRun(OpenRuns* runs, std::size_t stream, SourceId source, std::uint64_t from);
  void CutOldRun(OpenRuns* runs, std::size_t stream, const Tick& tick);
  void SyncRun(OpenRuns* runs, std::size_t stream);
  void Begin(const TailedLine& line, const TailOutput& out, Source* source);
  void SwitchFrom(const std::vector<SourceId>& older, SourceId id, Source* source);
  void WaitForJournal(SourceId id, Source* source);
  void BreakRuns(SourceId id, Source* source);
  static bool EndedShort(const Source& source);
  void TetherRuns(const TailedLine& line, const TailOutput& out, Source* source);
  void FindRuns(SourceId id, Source* source);
  static OpenRuns* RunsOf(Source* source);
  ResumePoint PointBefore(const TailedLine& line, const TailOutput& out, Source* source) const;
  static void NoteRuns(Source* source);
  Lane LaneFor(ContainerId container, LogStream stream) const;
  Source* Find(SourceId id);

  const AssemblerOptions options_;
  MetadataCache* const metadata_;
  MessageExtractor* const extractor_;
  LaneQueues* const lanes_;
  CheckpointLedger* const ledger_;
  ByteAccount* const account_;
  Observer* const observer_;

  std::map<SourceId, Source> sources_;
  std::map<decltype(Source::key), std::weak_ptr<Instance>> instances_;
  std::vector<SourceId> read_;  // in this turn
  std::vector<std::pair<SourceId, std::optional<WriteSequence>>> switching_;
  std::vector<PendingGap> gaps_;
  std::size_t runs_bytes_ = 0;
  Counters counters_;

  Source* giving_ = nullptr;  // while a joiner gives out records: for whom
  bool journal_ = false;
  Tick tick_{};
};

}  // namespace podtail
#endif
