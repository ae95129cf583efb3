// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_LOG_RECORD_H_
#define PODTAIL_LOG_RECORD_H_
// One log entry of one container, after fragments were joined.
//
// A function of the file's path and bytes, and of the few decisions that are
// journaled before it is sent: read again, it is the same again. There is no
// clock in it; the runtime's timestamp is also the moment of observation.
#include <cstdint>
#include <span>
#include <string_view>
#include "podtail/cri_line.h"
#include "podtail/padded_view.h"
#include "podtail/severity.h"
#include "podtail/source.h"
#include "podtail/tick.h"
#include "podtail/trace_context.h"
namespace podtail {

enum class RecordFlags : std::uint8_t {
  kNone = 0,
  kJoined = 1,        // body was assembled from several fragments
  kMalformed = 2,     // not a log line: body is the raw line, time and stream are borrowed
  kUnterminated = 4,  // no F came: see EngineOptions::run_gap_bytes_max
  kTimeClamped = 8,   // as ParsedTime::clamped; `time_text` is what was printed
};
constexpr RecordFlags operator|(RecordFlags a, RecordFlags b) noexcept {
  return static_cast<RecordFlags>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr bool HasFlag(RecordFlags flags, RecordFlags flag) noexcept {
  return (static_cast<std::uint8_t>(flags) & static_cast<std::uint8_t>(flag)) != 0;
}

// Trivially copyable. Every view borrows from the RecordBatch the record came
// in and dies with it; copy `body` to keep it longer.
struct LogRecord {
  PaddedView body;  // the message: any bytes, UTF-8 or not
  // Its line without '\n'; of a joined or split record only the head of the first
  // line, which ends where the message begins.
  std::string_view raw;
  std::string_view time_text;  // lies in `raw`; empty when malformed
  Severity severity;
  TraceContext trace;             // !trace.valid() when none was found
  Timestamp time;                 // of the first fragment; unique if the sink needs that
  std::span<const Piece> pieces;  // where it lies: one per file, in read order, never empty
  std::uint32_t part;             // 0: whole; 1, 2 ...: piece of a record above the limit
  LogStream stream;
  RecordFlags flags;
};

}  // namespace podtail
#endif
