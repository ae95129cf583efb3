// SPDX-License-Identifier: Apache-2.0
#include "engine/tail/file_identity.h"
#include "engine/base/mutant.h"

#include <algorithm>

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

bool BeginsWith(const Marker& head, std::string_view first_bytes) {
  return head.bytes > 0 && head.bytes <= first_bytes.size() &&
         HashBytes(first_bytes.substr(0, head.bytes)) == head.hash;
}

Marker TailMarker(const char* end, std::uint64_t readable) {
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(readable, kTailBytesMax));
  if (bytes == 0) return {};
  return {HashBytes({end - bytes, bytes}), static_cast<std::uint32_t>(bytes)};
}

Expected<std::size_t> ReadWhole(LogFile* file, std::uint64_t offset, std::span<char> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    auto read = file->ReadAt(offset + filled, into.subspan(filled));
    if (!read) return read;
    if (*read == 0) break;
    filled += *read;
  }
  return filled;
}

InstanceKey KeyOf(const FileStat& stat) {
  if (PODTAIL_MUTANT(kIdentityIsInode)) return {stat.inode, Timestamp{}, 0};
  return {stat.inode, stat.birth_time, stat.handle_generation};
}
InstanceKey KeyOf(const FileIdentity& file) {
  if (PODTAIL_MUTANT(kIdentityIsInode)) return {file.inode, Timestamp{}, 0};
  return {file.inode, file.birth_time, file.handle_generation};
}

}  // namespace podtail
