// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_SOURCE_H_
#define PODTAIL_SOURCE_H_
// Names for "which file" and "which bytes of it".
#include <array>
#include <compare>
#include <cstdint>
#include "podtail/tick.h"
namespace podtail {

// One opened file, for the lifetime of a Tailer. Never reused, never persisted.
enum class SourceId : std::uint32_t {};

// One container of one pod with all its files, those of earlier instances and
// rotated ones included. For the lifetime of a Tailer, never persisted.
enum class ContainerId : std::uint32_t {};

// Half-open byte range of a source, in uncompressed bytes: [begin, end).
struct Extent {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  friend auto operator<=>(const Extent&, const Extent&) = default;
};

// What a record takes from one source. A joined record's extent spans lines of
// the other stream too: only `bytes` of it are the record's own.
struct Piece {
  SourceId source;
  Extent extent;
  std::uint64_t bytes;
};

// 128-bit hash of a known stretch of bytes, stable on disk.
struct Marker {
  std::array<std::uint8_t, 16> hash{};
  std::uint32_t bytes = 0;  // how many were hashed; 0: no marker
  friend bool operator==(const Marker&, const Marker&) = default;
};

// Which generation of a log file: one file from its creation to its deletion,
// through renames and compression.
//
// The first three say it while the machine is up: rotation hands the inode of a
// deleted file to the next one, but not its birth time. `head` says it across
// everything else, compression included (the bytes are the uncompressed ones);
// it exists as soon as there is anything to commit. Paths and devices are hints.
// Where two answers are possible the file is read again.
struct FileIdentity {
  std::uint64_t inode = 0;
  Timestamp birth_time{};               // the epoch: this file system has none
  std::uint64_t handle_generation = 0;  // of its file handle; 0: it has none
  Marker head = {};                     // first complete line, at most 4 KiB of it
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

}  // namespace podtail
#endif
