// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_CHECKPOINT_CHECKPOINT_CODEC_H_
#define PODTAIL_ENGINE_CHECKPOINT_CHECKPOINT_CODEC_H_
// The lines of the journal and of the snapshots (FORMAT.md). All are text, and
// each ends in the CRC-32 of what is before it in the line:
//
//   put inode=1835 born=1700000000123456789 handle=7 head=0f..:57 offset=1234 ... crc=9ae0daaf
//
// There is one spelling of every value, so a line that is accepted is the line
// that would be written: a changed byte never decodes to another value.
// Pure and total over all bytes; no exceptions but for memory; any thread.
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "podtail/checkpoint.h"
#include "podtail/expected.h"

namespace podtail {

// The newest version that is written and read here.
inline constexpr std::uint32_t kStoreVersion = 2;

enum class StoreFile : std::uint8_t { kSnapshot = 1, kJournal = 2 };

// The first line of a file. Its shape up to `version` and its checksum are the
// same in all versions; the rest is read only if the version is known.
struct StoreHeader {
  StoreFile file{};
  std::uint32_t version = kStoreVersion;
  std::uint64_t generation = 0;  // of this snapshot, or the one that the journal continues
  std::uint32_t chain = 0;       // kJournal: as in that snapshot's SnapshotEnd
  friend bool operator==(const StoreHeader&, const StoreHeader&) = default;
};

// The last line of an edit. `chain` is the CRC-32 of the whole file before it.
struct EditEnd {
  std::uint64_t edit = 0;   // 1, 2, 3 ... in a journal
  std::uint64_t lines = 0;  // of this edit, without this one
  std::uint32_t chain = 0;
  friend bool operator==(const EditEnd&, const EditEnd&) = default;
};

// The last line of a snapshot.
struct SnapshotEnd {
  std::uint64_t entries = 0;
  std::uint32_t chain = 0;
  friend bool operator==(const SnapshotEnd&, const SnapshotEnd&) = default;
};

struct Forget {
  FileIdentity file;
  friend bool operator==(const Forget&, const Forget&) = default;
};

using StoreLine = std::variant<StoreHeader, Checkpoint, Forget, EditEnd, SnapshotEnd>;

enum class StoreLineError : std::uint8_t { kChecksum = 1, kSyntax = 2 };

// Append one line and its '\n'. REQUIRES: enumerators are among those declared.
void AppendStoreLine(const StoreHeader& header, std::string* out);
void AppendStoreLine(const Checkpoint& checkpoint, std::string* out);
void AppendStoreLine(const Forget& forget, std::string* out);
void AppendStoreLine(const EditEnd& end, std::string* out);
void AppendStoreLine(const SnapshotEnd& end, std::string* out);

// `line` is one line without its '\n'. A StoreHeader of a later version has
// nothing but `file` and `version`.
Expected<StoreLine, StoreLineError> DecodeStoreLine(std::string_view line);

}  // namespace podtail
#endif
