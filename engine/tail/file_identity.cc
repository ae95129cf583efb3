// SPDX-License-Identifier: Apache-2.0
#include "engine/tail/file_identity.h"

#include <algorithm>
#include <array>

namespace podtail {

std::optional<Marker> HeadMarker(std::string_view start, bool sealed) {
  const std::size_t line = start.substr(0, kHeadBytesMax).find('\n');
  std::size_t bytes = std::min(start.size(), kHeadBytesMax);
  if (line != std::string_view::npos) {
    bytes = line + 1;
  } else if (start.size() < kHeadBytesMax && !(sealed && !start.empty())) {
    return std::nullopt;
  }
  return Marker{HashBytes(start.substr(0, bytes)), static_cast<std::uint32_t>(bytes)};
}

Marker TailMarker(const char* end, std::uint64_t readable) {
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(readable, kTailBytesMax));
  if (bytes == 0) return {};
  return {HashBytes({end - bytes, bytes}), static_cast<std::uint32_t>(bytes)};
}

InstanceKey KeyOf(const FileStat& stat) {
  return {stat.inode, stat.birth_time, stat.handle_generation};
}
InstanceKey KeyOf(const FileIdentity& file) {
  return {file.inode, file.birth_time, file.handle_generation};
}

void KnownCheckpoints::Restore(std::span<const Checkpoint> checkpoints) {
  for (const Checkpoint& checkpoint : checkpoints) {
    by_key_.emplace(KeyOf(checkpoint.file), known_.size());
    by_head_.emplace(checkpoint.file.head.hash, known_.size());
    known_.push_back({checkpoint});
  }
}

void KnownCheckpoints::MarkAlive(const InstanceKey& key) {
  const auto [first, last] = by_key_.equal_range(key);
  for (auto it = first; it != last; ++it) known_[it->second].alive = true;
}

KnownCheckpoints::Answer KnownCheckpoints::Take(const FileIdentity& identity, std::uint64_t size,
                                                LogFile* file, bool pass_complete,
                                                Checkpoint* found) {
  Known* best = nullptr;
  bool later = false;
  const auto [first, last] = by_head_.equal_range(identity.head.hash);
  for (auto it = first; it != last; ++it) {
    Known& known = known_[it->second];
    if (known.taken || known.checkpoint.file.head != identity.head) continue;
    const bool same_instance = KeyOf(known.checkpoint.file) == KeyOf(identity);
    if (!same_instance && known.alive) continue;
    if (!StillThere(known.checkpoint, size, file)) continue;
    if (same_instance) {
      best = &known;
      later = false;
      break;
    }
    later = later || !pass_complete;
    // Among several the one furthest back: what is read twice is not lost.
    if (best == nullptr || known.checkpoint.committed.offset < best->checkpoint.committed.offset) {
      best = &known;
    }
  }
  if (later) return Answer::kAskAfterPass;
  if (best == nullptr) return Answer::kUnknown;
  best->taken = true;
  *found = std::move(best->checkpoint);
  return Answer::kFound;
}

bool KnownCheckpoints::StillThere(const Checkpoint& checkpoint, std::uint64_t size, LogFile* file) {
  const ResumePoint& committed = checkpoint.committed;
  if (committed.offset > size || committed.tail.bytes > committed.offset) return false;
  if (committed.offset == 0) return true;
  std::array<char, kTailBytesMax> bytes;
  if (committed.tail.bytes == 0 || committed.tail.bytes > bytes.size()) return false;
  const auto read = file->ReadAt(committed.offset - committed.tail.bytes,
                                 std::span<char>(bytes).first(committed.tail.bytes));
  return read.has_value() && *read == committed.tail.bytes &&
         TailMarker(bytes.data() + *read, *read) == committed.tail;
}

}  // namespace podtail
