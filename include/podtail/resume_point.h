// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_RESUME_POINT_H_
#define PODTAIL_RESUME_POINT_H_
// A place in a file from which reading can start again and make the very same
// records: an offset, proof that the bytes before it are still the same, and
// what the lines before it left behind.
#include <array>
#include <cstdint>
#include "podtail/cri_line.h"
#include "podtail/source.h"
#include "podtail/tick.h"
namespace podtail {

// What shapes the records after an offset but cannot be read there. A function
// of the lines before the offset alone; a joined record counts where its first
// fragment lies.
struct ReplayState {
  // Makes timestamps unique, where a sink needs that, by
  //   last_raw < raw <= last_out or raw == last_raw  ?  last_out + 1 ns  :  raw
  struct Stream {
    Timestamp last_raw{};  // of the stream's last record, as printed
    Timestamp last_out{};  //   and as given out
    // Not 0: a run of fragments is open here, in this part of its record, of which
    // so many bytes lie before the offset. They were given out (or the offset
    // would lie further back), so what comes up to the part's end was too.
    std::uint32_t part = 0;
    std::uint64_t part_bytes = 0;
    // Bytes of other lines of the container since the run's last fragment: at
    // EngineOptions::run_gap_bytes_max the run is closed.
    std::uint64_t run_gap = 0;
    friend bool operator==(const Stream&, const Stream&) = default;
  };
  std::array<Stream, 2> streams = {};  // stdout, stderr
  // What a malformed line borrows: time and stream of the line before. At a
  // file's start stdout and the file's birth time; where the file system has
  // none, its modification time when first seen, journaled before it is used.
  Timestamp line_time{};
  LogStream line_stream = LogStream::kStdout;
  // No run of `stream` is open here after all.
  void EndRun(LogStream stream) noexcept {
    Stream& of = streams[stream == LogStream::kStdout ? 0 : 1];
    of.part = 0;
    of.part_bytes = 0;
    of.run_gap = 0;
  }
  friend bool operator==(const ReplayState&, const ReplayState&) = default;
};

struct ResumePoint {
  std::uint64_t offset = 0;  // uncompressed; a line begins here
  Marker tail = {};          // the last <= 256 bytes before offset, as they were read
  ReplayState replay = {};
  friend bool operator==(const ResumePoint&, const ResumePoint&) = default;
};

}  // namespace podtail
#endif
