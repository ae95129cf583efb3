// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_LOSS_LOG_H_
#define PODTAIL_LOSS_LOG_H_
// Everything that was not delivered, exactly.
//
// Bytes are conserved: every byte of a file that could be opened is settled,
// waiting, or in this log. It has two kinds of entry, one JSON line each:
//   gap          bytes of a file that could not be read, or were to be dropped
//   dead letter  a record the sink will never take, with the record itself
//
// An entry is durable before its lane settles past it. A crash in between can
// only write it twice.
#include <cstdint>
#include <string_view>
#include "podtail/expected.h"
#include "podtail/export.h"
#include "podtail/source.h"
#include "podtail/write_progress.h"
namespace podtail {

struct LogRecord;

enum class LossReason : std::uint8_t {
  // gaps
  kTruncated = 1,   // the file shrank before it was read
  kUnpinned = 2,    // deleted unread, and beyond pinned_bytes_max
  kUnreadable = 3,  // I/O error for good, or a damaged compressed file
  kNulRun = 4,      // a hole at a file's start that nobody wrote
  kOverflow = 5,    // LineOverflow::kDrop: what follows the limit
  // dead letters
  kRefused = 16,   // the sink named this record and will not take it
  kTooOld = 17,    // further behind than the sink accepts
  kTooLarge = 18,  // too large for the sink even alone
  kPoison = 19,    // refused alone, again and again, while others were taken
};

struct Gap {
  SourceId source;
  Extent extent;  // end == begin: nobody can tell how much
  LossReason reason;
};

// A dead letter has one entry per piece of its record; the first carries it.
struct LossEntry {
  FileIdentity file;
  std::string_view path;  // where it was last seen
  Extent extent;
  std::uint64_t bytes = 0;  // lost within extent: see Piece
  Timestamp time{};         // wall time of giving up
  LossReason reason{};
  std::string_view detail = {};       // what the sink said
  const LogRecord* record = nullptr;  // null for a gap
};

class PODTAIL_EXPORT LossLog {
 public:
  virtual ~LossLog() = default;
  // Takes a copy; never blocks. kResourceExhausted: full, nothing was taken;
  // the lane holds until there is room.
  virtual Expected<WriteSequence> Append(const LossEntry& entry) = 0;
  // Moves writing forward without blocking; trouble is retried.
  virtual WriteProgress Poll(const Tick& tick) = 0;
  // Becomes readable when Poll() has news; -1 if it can only be timed.
  virtual int readiness_fd() const noexcept = 0;
};

}  // namespace podtail
#endif
