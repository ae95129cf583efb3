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
#include <optional>
#include <span>
#include <string_view>

#include "engine/base/hash.h"
#include "podtail/log_file_system.h"
#include "podtail/source.h"

namespace podtail {

inline constexpr std::size_t kHeadBytesMax = 4096;
inline constexpr std::size_t kTailBytesMax = 256;

// nullopt while `start`, the file's first bytes, holds neither a complete line
// nor 4 KiB. `sealed`: nothing will be added, so that what there is must do.
std::optional<Marker> HeadMarker(std::string_view start, bool sealed);
// `first_bytes` of a file, at most kHeadBytesMax, begin with those of the marker.
bool BeginsWith(const Marker& head, std::string_view first_bytes);
// Of the bytes before `end` in the same buffer; `readable` of them may be read.
Marker TailMarker(const char* end, std::uint64_t readable);

// As much as there is, in as many reads as it takes: a short read is no end.
Expected<std::size_t> ReadWhole(LogFile* file, std::uint64_t offset, std::span<char> into);

struct InstanceKey {
  std::uint64_t inode = 0;
  Timestamp birth_time{};
  std::uint64_t handle_generation = 0;
  friend auto operator<=>(const InstanceKey&, const InstanceKey&) = default;
};
InstanceKey KeyOf(const FileStat& stat);
InstanceKey KeyOf(const FileIdentity& file);

}  // namespace podtail
#endif
