// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_CONTAINER_H_
#define PODTAIL_ENGINE_SIM_SIM_CONTAINER_H_
// One container and what its runtime writes for it (reliability.md W2, W8 to W11):
// two streams that change to a new file each at its own moment, lines in pieces,
// torn lines, times that repeat or go back.
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/sim/choice_tape.h"
#include "engine/sim/sim_log_file_system.h"
#include "engine/sim/sim_trace.h"

namespace podtail {

struct SimWriterOptions {
  std::uint32_t partial_in = 3;     // a fragment that does not end its run
  std::uint32_t malformed_in = 40;  // 0: never
  std::uint32_t torn_in = 0;
  std::uint32_t long_in = 40;  // a long message
  std::uint32_t long_bytes = 300;
  std::uint32_t odd_in = 20;  // NUL, CR, bytes that are no UTF-8, nothing at all
  std::uint32_t odd_time_in = 60;
  std::uint32_t zone = 0;  // 0: Z
  bool times_go_back = false;
  bool equal_heads = false;
  std::uint32_t late_in = 0;      // a line into the file before, however long ago
  std::uint32_t switch_ms = 700;  // a stream changes files within it
};

class SimContainer {
 public:
  // All must outlive it. Its first line is of that hour.
  SimContainer(ChoiceTape* tape, SimTrace* trace, SimLogFileSystem* files,
               const SimWriterOptions* options, std::string directory, std::uint32_t hour);

  const std::string& directory() const noexcept { return directory_; }
  std::string live() const { return directory_ + "/" + std::to_string(restart_) + ".log"; }
  std::uint32_t restart() const noexcept { return restart_; }

  // One line, or a part of one.
  void Write();
  // Both streams write into this file, at once.
  void Begin(SimNode* node);
  // The file of the live name is another: each stream changes by itself.
  void Reopen(SimNode* node, Instant now);
  // Streams that are due change.
  void Advance(Instant now);
  // Ends as an instance; the next one is `restart() + 1`.
  void Restart();
  // Everything that was begun is ended.
  void Finish();
  SimNode* node(std::size_t stream) const noexcept { return streams_[stream].node; }
  bool switching() const noexcept { return streams_[0].next || streams_[1].next; }
  void Moved(std::string directory) { directory_ = std::move(directory); }

 private:
  struct Stream {
    SimNode* node = nullptr;
    SimNode* next = nullptr;  // changes to it at `change_at`
    Instant change_at{};
    bool in_run = false;
  };

  void WriteLate();
  void WriteFragment(std::size_t stream, bool full, const std::string& message);
  void Flush(std::size_t stream);
  bool BeginsFile(const Stream& to) const;
  std::string Message(bool plain);
  std::string TimeText(bool plain);

  ChoiceTape* const tape_;
  SimTrace* const trace_;
  SimLogFileSystem* const files_;
  const SimWriterOptions* const options_;
  std::string directory_;
  std::uint32_t restart_ = 0;
  std::array<Stream, 2> streams_{};
  SimNode* previous_ = nullptr;  // what the streams wrote into before
  std::uint64_t serial_ = 0;
  std::int64_t clock_ns_;
};

// RFC 3339, `digits` of fraction, at an offset of so many minutes.
std::string SimTimeText(Timestamp time, std::uint32_t digits, int east);
// As the kubelet names rotated files: 20260918-130000.
std::string SimStamp(Timestamp wall);

}  // namespace podtail
#endif
