// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_TAIL_GENERATION_H_
#define PODTAIL_ENGINE_TAIL_GENERATION_H_
// One log file from its creation to its deletion, through renames and
// compression, and the container whose generations stand in one directory.
//
//   kNew ──identity known──▶ kReading ──rested at its end──▶ kClosed ──▶ kRetired
//    ▲                          │ shrank, or other bytes before the offset   │
//    └──────────────────────────┴──────────────── grew again ────────────────┘
//
// Offsets and sizes are those of the uncompressed bytes, whatever stands on disk.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/port/gzip_log_file.h"
#include "engine/tail/file_identity.h"
#include "engine/tail/log_finder.h"
#include "podtail/tailer.h"

namespace podtail {

struct Container;

enum class GenerationState : std::uint8_t { kNew = 1, kReading = 2, kClosed = 3, kRetired = 4 };

struct Generation {
  Container* container = nullptr;
  std::uint32_t epoch = 0;  // of its container, when it was found
  FoundFile name;           // the one it was last seen under
  InstanceKey key;
  GenerationState state = GenerationState::kNew;
  std::unique_ptr<LogFile> file;    // null: not opened yet, parked, or retired
  GzipLogFile* archive = nullptr;   // `file`, if that is a compressed one
  FileIdentity identity;            // from kReading on
  SourceId source{};                // likewise
  bool has_source = false;          // it had one, ever
  bool in_opening = false;          // queued to be opened or announced
  bool grew = false;                // `start` is where it was retired
  std::optional<Checkpoint> start;  // where to begin when announced (again)

  // What the last look said.
  std::uint64_t size = 0;  // of a compressed one: what its trailer says, until its end was read
  std::uint64_t disk_bytes = 0;
  bool decoding = false;  // a compressed one has one of the few decoders
  bool drained = false;   // a compressed one was read to its end
  bool whole = false;     //   and that is where its writer ended it
  std::uint64_t device = 0;
  Timestamp modify_time{};
  bool deleted = false;
  bool elsewhere = false;  // last seen in another directory, whose hints are not its own
  bool refused = false;    // it may not be opened: asked again now and then

  std::uint64_t offset = 0;      // the next byte to hand out
  std::uint64_t looked_to = 0;   // [offset, looked_to) is the start of a line, no more
  std::uint64_t read_to = 0;     // how far its bytes were seen, handed out or not
  Marker tail;                   // of the bytes before offset: still the same file?
  bool announced_begin = false;  // bytes of it were handed out in this life
  bool begun = false;            // or in an earlier one
  bool recalled = false;         // an earlier life left a checkpoint of it
  bool mid_line = false;         // a line's first piece was handed out, not yet its end
  bool whole_buffer = false;     // the next line needs it
  std::size_t read_hint = 0;     // not 0: lines are short, read no more than this
  Instant rests_since{};         // at its end, unchanged, since then
  Instant found_at{};
  // Which of all looks found it, and which last saw its end: within one Poll(), too, what
  // was written between a look and a rename is behind neither.
  std::uint64_t met_at = 0;
  std::uint64_t looked_at = 0;
  Instant wakes_at{};         // not read before: an I/O error
  bool first_look = false;    // found by the first pass
  std::uint64_t seen_in = 0;  // the listing that last saw its name
  std::uint32_t missed = 0;   // listings since then
  Instant missing_since{};
  std::uint64_t missing_pass = 0;  // passes that were over then

  bool active() const noexcept {
    return state == GenerationState::kNew || state == GenerationState::kReading;
  }
  // There may be a line to hand out.
  bool readable() const noexcept {
    if (state != GenerationState::kReading) return false;
    return name.compressed && (archive != nullptr || file == nullptr)
               ? !drained
               : size > std::max(offset, looked_to);
  }
  // Not announced yet, and there is something that may be its first line.
  bool may_announce() const noexcept {
    if (state != GenerationState::kNew) return false;
    return archive != nullptr ? !drained : size > looked_to;
  }
  bool SameInstance(const Generation& other) const noexcept {
    return epoch == other.epoch && name.restart_count == other.name.restart_count;
  }
  // As far as names say: this compressed one may be that very file, which may have been
  // renamed and compressed between two looks.
  bool MayBeMadeOf(const Generation& plain) const noexcept {
    return name.compressed && !plain.name.compressed && SameInstance(plain) &&
           (name.rotation == plain.name.rotation || plain.missed > 0);
  }
  std::uint64_t unread() const noexcept {
    const std::uint64_t from = start ? start->committed.offset : offset;
    return size > from ? size - from : 0;
  }
};

struct Container {
  ContainerId id{};
  std::string path;                                      // beneath the root
  std::vector<std::unique_ptr<Generation>> generations;  // oldest first
  bool paused = false;
  bool reset_at_end = false;  // paused by Reset() when it had nothing more to read
  bool queued = false;        // in the ready queue
  std::uint64_t pass = 0;     // that saw it last
  std::uint32_t epoch = 0;    // how often all its files were replaced at once
  Instant lists_at{};         // a name is missing: look again then
};

}  // namespace podtail
#endif
