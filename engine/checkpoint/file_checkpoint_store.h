// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_CHECKPOINT_FILE_CHECKPOINT_STORE_H_
#define PODTAIL_ENGINE_CHECKPOINT_FILE_CHECKPOINT_STORE_H_
// Checkpoints in a durable directory: a journal of edits behind a snapshot
// (FORMAT.md). One disk job at a time:
//
//   Submit ─▶ changed, by file ─▶ one edit ─▶ append to the journal ─▶ durable
//                     └─▶ everything ─▶ a new snapshot ─▶ durable ─▶ an empty journal
//
// Invariants:
//   1  A journal is appended to only by the object that created it, and never
//      after an append that failed. So nothing is ever written behind a torn
//      line, or behind bytes that only the page cache has.
//   2  The snapshot that the journal continues is never written to.
//   3  Generations only grow.
// Not thread-safe.
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/mutant.h"
#include "engine/checkpoint/store_image.h"
#include "engine/checkpoint/write_retry.h"
#include "engine/port/durable_directory.h"
#include "podtail/checkpoint.h"

namespace podtail {

struct FileCheckpointStoreOptions {
  // A journal beyond this, and beyond four times its snapshot, is folded.
  std::uint64_t journal_bytes_min = 1024 * 1024;
};

class FileCheckpointStore final : public CheckpointStore {
 public:
  // `directory` must outlive the store.
  explicit FileCheckpointStore(DurableDirectory* directory,
                               FileCheckpointStoreOptions options = {});

  Expected<LoadedCheckpoints> Load() override;
  // REQUIRES: Load() succeeded.
  WriteSequence Submit(CheckpointEdit edit) override;
  WriteProgress Poll(const Tick& tick) override;
  int readiness_fd() const noexcept override { return directory_->readiness_fd(); }

 private:
  enum class Step : std::uint8_t {
    kAside = 1,     // set an untrusted file aside
    kSnapshot = 2,  // write everything
    kJournal = 3,   // start the journal that continues it
    kAppend = 4,
  };
  enum class Journal : std::uint8_t {
    kUnusable = 1,  // not ours, torn or gone: write a snapshot first
    kMissing = 2,   // the snapshot is durable, its journal does not exist yet
    kOpen = 3,
  };

  void PlanQuarantine(const std::vector<DurableFile>& files, const StoreImage& image);
  bool dirty() const noexcept { return unsaved_ || !changed_.empty(); }
  void StartJob();
  void StartAppend();
  void StartSnapshot();
  void StartJournal();
  void Finish(Status result, Instant now);

  DurableDirectory* const directory_;
  const FileCheckpointStoreOptions options_;

  bool loaded_ = false;
  CheckpointMap checkpoints_;                          // as of the last Submit()
  std::set<FileIdentity, FileIdentityOrder> changed_;  // since the last job started
  bool unsaved_ = false;           // something that only a snapshot will make durable
  std::vector<DurableJob> aside_;  // to be done first, the next one last

  Journal journal_ = Journal::kUnusable;
  std::uint64_t journal_bytes_ = 0;
  std::uint64_t journal_edits_ = 0;
  std::uint32_t journal_chain_ = 0;  // CRC-32 of all of it
  int live_slot_ = -1;               // of the newest durable snapshot
  std::uint64_t generation_ = 0;     // the highest ever used
  std::uint64_t snapshot_bytes_ = 0;
  std::uint32_t snapshot_chain_ = 0;

  Step step_{};  // of the job under way
  std::optional<DurableJobId> job_;
  WriteRetry retry_;

  WriteSequence submitted_{};
  WriteSequence carried_{};  // by the job under way
  WriteSequence durable_{};
};

}  // namespace podtail
#endif
