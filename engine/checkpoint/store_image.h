// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_CHECKPOINT_STORE_IMAGE_H_
#define PODTAIL_ENGINE_CHECKPOINT_STORE_IMAGE_H_
// What a checkpoint store left in its directory, read and judged (FORMAT.md).
//
//   newest snapshot that is whole, then the edits of the journal that continues it
//
// Reads in pieces: memory is that of the checkpoints, whatever the files hold.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "podtail/checkpoint.h"
#include "podtail/expected.h"

namespace podtail {

class DurableDirectory;
struct DurableFile;

inline constexpr std::string_view kJournalName = "journal";
inline constexpr std::string_view kSnapshotNames[2] = {"snapshot.0", "snapshot.1"};
inline constexpr std::string_view kQuarantinePrefix = "quarantine.";

struct FileIdentityOrder {
  bool operator()(const FileIdentity& a, const FileIdentity& b) const noexcept;
};
using CheckpointMap = std::map<FileIdentity, Checkpoint, FileIdentityOrder>;

struct StoreImage {
  CheckpointMap checkpoints = {};
  int live_slot = -1;            // the snapshot that `checkpoints` starts from; -1: none
  std::uint64_t generation = 0;  // the highest that any file names
  std::uint64_t snapshot_bytes = 0;
  std::vector<std::string> untrusted = {};  // files that must be set aside
};

// kFailedPrecondition: a later version of podtail wrote one of the files.
// kUnavailable: the directory cannot be listed. A file that cannot be read is
// untrusted. `files`: what DurableDirectory::List() said.
Expected<StoreImage> ReadStoreImage(DurableDirectory* directory,
                                    const std::vector<DurableFile>& files);

}  // namespace podtail
#endif
