// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_CHECKPOINT_LEDGER_H_
#define PODTAIL_CHECKPOINT_LEDGER_H_
// Decides how far it is safe to forget.
//
//   committed(source) = the smallest offset anyone still needs
//                     = min(read position, begin of every open hold)
//
// Holds come from sealed batches that are not settled and from runs of
// fragments that wait for their end. Settling may happen in any order; a source
// only moves when its oldest hold goes. The committed offset never decreases,
// and its replay state is that of whatever determines it.
// Not thread-safe; lives on the polling thread.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>
#include "podtail/checkpoint.h"
#include "podtail/cri_line.h"
#include "podtail/export.h"
#include "podtail/hold.h"
namespace podtail {

// Lines that come late into a rotated file are joined among themselves.
enum class RunKind : std::uint8_t { kOfInstance = 0, kLate = 1 };

class PODTAIL_EXPORT CheckpointLedger {
 public:
  CheckpointLedger();
  ~CheckpointLedger();
  CheckpointLedger(const CheckpointLedger&) = delete;
  CheckpointLedger& operator=(const CheckpointLedger&) = delete;

  // `start` is committed by definition. If `file` is not start.file (the file
  // was compressed meanwhile), the next edit puts the one and forgets the other.
  void Open(SourceId source, const FileIdentity& file, const Checkpoint& start);
  // Everything before `read` has been taken over by a hold or dropped on
  // purpose. Once per source and turn is enough. REQUIRES: does not decrease.
  void Advance(SourceId source, const ResumePoint& read);
  // A run of fragments of `stream` waits for its end. A run that crosses a
  // rotation holds two sources. A late one is another run of the same stream.
  void HoldRun(RunKind kind, LogStream stream, const Hold& hold);
  void ReleaseRun(RunKind kind, LogStream stream, SourceId source);
  // A run of `stream` was closed by an observation. Whoever holds the source from
  // `from` on speaks of it as open, and must not.
  void EndRun(LogStream stream, SourceId source, std::uint64_t from);
  // A batch holds its sources from its first record of each until it is settled.
  // Called again whenever a record adds a source or begins before the hold so
  // far: the smallest begin counts. REQUIRES for Settle(): what the batch lost is
  // durable in the loss log.
  void Track(BatchSequence batch, std::span<const Hold> holds);
  void Settle(BatchSequence batch);
  // A run of fragments that was open at the end of `earlier` goes on in `later`.
  // As long as a restart would read lines of `earlier` before `end` again, it must
  // read `later` again from this place on.
  void Tether(const Hold& later, SourceId earlier, std::uint64_t end);
  // The next edit carries the source though it did not move: something that its
  // bytes do not show shaped a record. `cut`: the last fragment of a run that
  // was closed by age. Without it: its birth time was lent to its first line.
  void Journal(SourceId source, std::optional<std::uint64_t> cut = std::nullopt);

  // From now on lines of the source are late (Checkpoint::late_from): a newer file
  // begins to be read, which has this head. False if that was known. The next edit
  // carries it.
  bool Switch(SourceId source, std::uint64_t end, const Marker& next);

  const ResumePoint& committed(SourceId source) const noexcept;
  // No more Advance(). The source is finished when nothing holds it any more.
  void Close(SourceId source);
  // Shedding: forgets the source and every hold on it, and returns where to
  // start again: as last submitted, so submit first. Batches still on their way
  // settle without it. The sources that one container has go together.
  Checkpoint Drop(SourceId source);
  // A finished file that has vanished needs no checkpoint.
  void Forget(const FileIdentity& file);

  // Hands over what moved; nothing if nothing did. Returns the write that
  // carries everything noted so far. `store` is always the same one.
  WriteSequence SubmitTo(CheckpointStore* store);
  // Sources finished by then, each once: the tailer may retire them.
  std::vector<SourceId> TakeFinished(WriteSequence durable);
  // Read and not committed, over all sources.
  std::uint64_t uncommitted_bytes() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace podtail
#endif
