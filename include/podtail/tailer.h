// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TAILER_H_
#define PODTAIL_TAILER_H_
// Follows every container log under a directory, through rotation, compression,
// truncation and deletion, and hands out lines, a container's oldest file first.
// It knows nothing of CRI, batches or exporters.
//
// Shaped like epoll_wait: the caller owns the thread, the pace and the output
// buffer. Poll() does a bounded amount of work, never sleeps, never blocks on
// anything but pread of a local file, and starts no thread. Not thread-safe.
//
// Pressure never blinds: polled without room, it still discovers, opens, pins
// deleted files and follows renames.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>
#include "podtail/checkpoint.h"
#include "podtail/export.h"
#include "podtail/log_file_system.h"
#include "podtail/loss_log.h"
#include "podtail/padded_view.h"
#include "podtail/tick.h"
namespace podtail {

class Observer;

enum class StartAt : std::uint8_t { kBeginning, kEnd };

// The pods whose uid hashes to `index` of `count`.
struct Shard {
  std::uint32_t index = 0;
  std::uint32_t count = 1;
};

struct TailerOptions {
  std::string root = "/var/log/pods";
  // Globs beneath root that name live files; all generations of a matching
  // N.log belong to it. Empty: every container log.
  std::vector<std::string> include = {};
  std::vector<std::string> exclude = {};
  // Symbolic links may lead into these; any other is reported, never opened.
  std::vector<std::string> follow_into = {"/var/lib/docker/containers"};
  // For files without a checkpoint. kEnd counts only while there are no
  // state at all (Restore) and for files found by the first look; then: beginning.
  StartAt unknown_at_startup = StartAt::kBeginning;
  Duration rescan_interval = std::chrono::seconds(60);  // while hints are complete
  // While they are not: the longest interval. A pass costs about 7 us per file,
  // so small trees are looked at more often: every 1 ms per container, from
  // 250 ms up.
  Duration blind_rescan_interval = std::chrono::seconds(10);
  Duration look_interval = std::chrono::milliseconds(100);  // at files known to be at their end
  // A rotated file is closed after so long at its end: writers change files late.
  Duration seal_grace = std::chrono::seconds(5);
  // The next generation is read after so long at the end of the one before: the
  // runtime may still append the head of a line that continues in the next one.
  Duration switch_grace = std::chrono::seconds(1);
  std::size_t read_buffer_bytes = 1024 * 1024;  // one for all files; longer lines come in pieces
  std::uint32_t open_files_max = 1024;
  // Unread bytes of deleted files, kept by their descriptors; beyond: a Gap.
  std::uint64_t pinned_bytes_max = 1024 * 1024 * 1024;
  Shard shard = {};
};

struct PollBudget {
  std::size_t bytes_max = 1024 * 1024;            // 0: look, but read nothing
  std::size_t bytes_per_source_max = 256 * 1024;  // a busy file cannot starve others
  std::size_t lines_max = 8192;                   // bounds the output of a file of empty lines
};

// What is in the files right now, as far as the last look at each of them went.
struct TailerState {
  bool at_end = false;             // every file was found, read to its end, and none is paused
  std::uint64_t bytes_read = 0;    // handed out since Create(), bytes of repeated reads included
  std::uint64_t unread_bytes = 0;  // seen and not handed out, unterminated last lines included
  std::uint64_t files_open = 0;    // descriptors
  std::uint64_t files_known = 0;
};

// A file is announced when its identity exists: its first line is complete, or
// 4 KiB long. Reading starts at `start`: the checkpoint found for it (then
// start.file may be an older identity), or a new one.
struct SourceOpened {
  SourceId source;
  ContainerId container;
  FileIdentity file;
  std::string path;
  Checkpoint start;
  std::uint64_t size = 0;  // when it was announced
  // How often all files of its directory had been replaced at once: a static pod that was
  // made again counts its restarts from 0, and is another instance all the same.
  std::uint32_t epoch = 0;
  // It was retired in this life and has grown since: it goes on behind its end.
  bool grew = false;
};
// Its first bytes in this life follow. The sources in `older` are of the same
// container instance and were read to their ends; what comes into them from now on
// is late. Only when one of the three has something to say.
struct SourceBegan {
  SourceId source;
  std::vector<SourceId> older;
  // An older file of the instance is still empty: it has no identity that could be
  // written down, and all that it will ever hold is late.
  bool older_empty = false;
  // A newer file was begun before it, in this life or in an earlier one that knew
  // nothing of this one.
  bool late = false;
};
struct TailedLine {
  SourceId source;
  Extent extent;     // of these bytes, and of their '\n' if they end the line
  PaddedView bytes;  // without the '\n'; valid until the next Poll() of the tailer
  bool begins;       // false: continues a line that the buffer could not hold
  bool ends;         // false: more follows, or its file was sealed without a '\n'
};
// No more lines under this id. A file that grows again gets a new one.
struct SourceClosed {
  SourceId source;
  std::uint64_t end;
  // Nothing more can come from its container instance: a run of fragments that
  // is still open stays without its end.
  bool finishes_instance;
  // What was handed out of it cannot be read again: it began again in place, or
  // its descriptor had to be given up.
  bool gone = false;
};

// Filled by Poll() and reused by the caller: capacity is kept, content is not.
class PODTAIL_EXPORT TailOutput {
 public:
  TailOutput();
  ~TailOutput();
  std::span<const SourceOpened> opened() const noexcept;
  std::span<const SourceBegan> began() const noexcept;
  std::span<const TailedLine> lines() const noexcept;  // per source in file order
  // A gap belongs where it begins: behind the lines before it, ahead of the rest.
  std::span<const Gap> gaps() const noexcept;
  std::span<const SourceClosed> closed() const noexcept;
  // Files retired, or never found again, whose names have all been gone for two
  // rotation periods: their checkpoints may go.
  std::span<const FileIdentity> vanished() const noexcept;
  // Where to resume in front of a line, or behind it; the replay state is left
  // to the caller. Hashes at most 256 bytes.
  ResumePoint Before(const TailedLine& line) const noexcept;  // REQUIRES: line.begins
  ResumePoint After(const TailedLine& line) const noexcept;   // REQUIRES: it ends, or its file does
 private:
  friend class Tailer;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class PODTAIL_EXPORT Tailer {
 public:
  // `files` and `observer` must outlive the tailer; `observer` may be null.
  static Expected<std::unique_ptr<Tailer>> Create(TailerOptions options, LogFileSystem* files,
                                                  Observer* observer);
  ~Tailer();
  Tailer(const Tailer&) = delete;
  Tailer& operator=(const Tailer&) = delete;

  // Where to continue. `fresh`: there is no state yet, see unknown_at_startup.
  // REQUIRES: called at most once, before the first Poll().
  void Restore(std::span<const Checkpoint> checkpoints, bool fresh);
  // Returns when it wants to be called next; earlier or later is harmless.
  Instant Poll(const Tick& tick, const PollBudget& budget, TailOutput* out);
  // The caller is done with a closed source; its descriptor may be released.
  // `replay` is where the source goes on from should the file grow again.
  void Retire(SourceId source, const ReplayState& replay = {});

  // Reads nothing of this container until Resume(); everything else goes on.
  void Pause(ContainerId container);
  void Resume(ContainerId container);
  // As if the process had restarted, for this container alone: its sources end
  // without a SourceClosed, and once resumed its files are announced again
  // under new ids at these checkpoints. Pauses it; descriptors stay open.
  void Reset(ContainerId container, std::span<const Checkpoint> checkpoints);

  TailerState state() const noexcept;
  int readiness_fd() const noexcept;

 private:
  struct Impl;
  explicit Tailer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace podtail
#endif
