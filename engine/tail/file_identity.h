// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_TAIL_FILE_IDENTITY_H_
#define PODTAIL_ENGINE_TAIL_FILE_IDENTITY_H_
// Recognising a generation again (reliability.md, appendix B).
//
//   head marker   hash of the first complete line, or of its first 4 KiB
//   tail marker   hash of the last <= 256 bytes before an offset
//   instance key  inode, birth time, handle generation: while the machine is up
//
// A name is continued when the instance key or the head says it is the same
// file, and the bytes before the offset are still the ones that were read.
// Anything else is read again from its beginning: a duplicate is cheap.
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/hash.h"
#include "podtail/checkpoint.h"
#include "podtail/log_file_system.h"

namespace podtail {

inline constexpr std::size_t kHeadBytesMax = 4096;
inline constexpr std::size_t kTailBytesMax = 256;

// nullopt while `start`, the file's first bytes, holds neither a complete line
// nor 4 KiB. `sealed`: nothing will be added, so that what there is must do.
std::optional<Marker> HeadMarker(std::string_view start, bool sealed);
// Of the bytes before `end` in the same buffer; `readable` of them may be read.
Marker TailMarker(const char* end, std::uint64_t readable);

struct InstanceKey {
  std::uint64_t inode = 0;
  Timestamp birth_time{};
  std::uint64_t handle_generation = 0;
  friend auto operator<=>(const InstanceKey&, const InstanceKey&) = default;
};
InstanceKey KeyOf(const FileStat& stat);
InstanceKey KeyOf(const FileIdentity& file);

// The checkpoints of earlier lives, each handed out once.
//
// A file under its own instance key takes its checkpoint at once. One that only
// has the same first line (copied, restored from a backup, another inode after a
// move) may take it when a whole pass over the tree has not seen the original:
// otherwise the copy would continue where the original was, and skip bytes.
class KnownCheckpoints {
 public:
  enum class Answer : std::uint8_t { kFound = 1, kUnknown = 2, kAskAfterPass = 3 };

  void Restore(std::span<const Checkpoint> checkpoints);
  // A file with this key stands in the tree.
  void MarkAlive(const InstanceKey& key);
  // Where to go on reading a file of this identity: filled when kFound.
  Answer Take(const FileIdentity& identity, std::uint64_t size, LogFile* file, bool pass_complete,
              Checkpoint* found);

 private:
  struct Known {
    Checkpoint checkpoint;
    bool alive = false;
    bool taken = false;
  };
  static bool StillThere(const Checkpoint& checkpoint, std::uint64_t size, LogFile* file);

  std::vector<Known> known_;
  std::multimap<InstanceKey, std::size_t> by_key_;
  std::multimap<Hash128, std::size_t> by_head_;
};

}  // namespace podtail
#endif
