// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_CHECKPOINT_H_
#define PODTAIL_CHECKPOINT_H_
// How far each file has been delivered, and where that is remembered.
//
// A replayed byte must give the same record. So whatever shaped a record but
// cannot be seen in its bytes is durable here before the record is sent.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include "podtail/expected.h"
#include "podtail/export.h"
#include "podtail/resume_point.h"
#include "podtail/source.h"
#include "podtail/write_progress.h"
namespace podtail {

struct Checkpoint {
  FileIdentity file = {};
  ResumePoint committed = {};  // every byte before it was settled
  // Offsets of last fragments, at or after it, whose runs were closed by an
  // observation (the instance was finished, or the run too old), not by bytes.
  std::vector<std::uint64_t> cuts = {};
  std::string path = {};     // where first seen: a hint; its pod decides the shard
  std::uint64_t device = 0;  // a hint
  // Lines at or after this offset came when a newer file of the instance was being
  // read already. A run that they open is theirs alone: nothing joins it across.
  std::optional<std::uint64_t> late_from = {};
  Marker next = {};  // head of that newer file: only there does a run of this one go on
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

struct CheckpointEdit {
  std::vector<Checkpoint> put = {};       // insert or replace, keyed by `file`
  std::vector<FileIdentity> forget = {};  // files that are gone and fully settled
  bool empty() const noexcept { return put.empty() && forget.empty(); }
};

struct LoadedCheckpoints {
  std::vector<Checkpoint> checkpoints = {};  // none on first start
  // Not OK: what was there could not be trusted and was set aside under another
  // name; everything is read again. Say it loudly.
  Status damage = {};
  // Nothing was ever stored here. True once: from then on a file without a
  // checkpoint is a file that was never read.
  bool fresh = false;
};

// Poll-shaped: a slow disk delays commits, never reading or sending.
class PODTAIL_EXPORT CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;
  // Once, before the first Submit(). kFailedPrecondition: a newer podtail wrote
  // it; nothing was touched.
  virtual Expected<LoadedCheckpoints> Load() = 0;
  // Takes the edit; never blocks or fails. Edits that wait for the disk are
  // merged by file, so what waits is bounded by the number of files.
  virtual WriteSequence Submit(CheckpointEdit edit) = 0;
  // Moves writing forward. A crash leaves all of an edit or none of it, and
  // never an edit without those before it.
  virtual WriteProgress Poll(const Tick& tick) = 0;
  // Becomes readable when Poll() has news; -1 if it can only be timed.
  virtual int readiness_fd() const noexcept = 0;
};

}  // namespace podtail
#endif
