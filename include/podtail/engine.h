// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_H_
#define PODTAIL_ENGINE_H_
// The whole path: tail, parse, join, enrich, batch, export, checkpoint.
//
// One engine is one thread's worth of work, has one exporter and no locks. To
// feed several sinks run several engines: each has its own read positions, and
// a sink that is down for hours cannot hold back another. To use more cores run
// several shards of one sink: they share its state directory and nothing else.
//
// One Poll() is one turn, always in this order, so pressure drains before more
// is taken in:
//   settle   what the exporter answered; refused records first go to the loss log
//   persist  submit what moved, when the commit interval is over
//   retire   let go of files whose end is durably committed
//   offer    sealed batches, each lane in order
//   read     what there is room for; without room, look but do not read
//
// A lane whose batches come back pauses its files. When such lanes hold more
// than half of memory_bytes_max the largest are shed: the container forgets its
// unsent batches, open runs and read positions, and later resumes from its
// committed offsets like after a restart, with a pause that grows and, until the
// sink takes what it has, with no more than about a batch in memory.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include "podtail/checkpoint.h"
#include "podtail/expected.h"
#include "podtail/export.h"
#include "podtail/exporter.h"
#include "podtail/loss_log.h"
#include "podtail/message_extractor.h"
#include "podtail/tailer.h"
namespace podtail {

class PodLabelSource;

// What becomes of a record above its limit: consecutive records with part 1, 2,
// 3 ..., or only part 1 and a Gap for the rest. Parts end between fragments, so
// that a commit can fall there; only a line that is too long alone is cut inside.
enum class LineOverflow : std::uint8_t { kSplit, kDrop };

struct EngineOptions {
  TailerOptions tailer = {};
  MessageExtractorOptions extract = {};
  std::string node_name = {};
  std::size_t metadata_entries_max = 4096;
  bool join_fragments = true;  // P...F of one stream make one record
  // A run without its F is closed when its container instance is finished, when
  // so many other bytes of the container followed, or at this age; 0: never.
  std::size_t run_gap_bytes_max = 1024 * 1024;
  Duration run_age_max = Duration::zero();
  std::size_t record_bytes_max = 1024 * 1024;  // joined; the exporter may ask for less
  LineOverflow line_overflow = LineOverflow::kSplit;
  std::size_t batch_bytes_max = 256 * 1024;  // likewise
  std::uint32_t batch_records_max = 8192;
  Duration batch_age_max = std::chrono::seconds(1);
  std::size_t memory_bytes_max = 64 * 1024 * 1024;  // all that is buffered
  Duration commit_interval = std::chrono::seconds(1);
  std::uint64_t commit_bytes_max = 4 * 1024 * 1024;  // accepted; then commit early
};

// `whole` for one of several engines in a process: its share of the pods, and
// its part of what is per process (memory_bytes_max, open_files_max,
// pinned_bytes_max). `engines` counts all of them, those of other sinks too. A
// process with one engine has no use for this.
PODTAIL_EXPORT EngineOptions OptionsForShard(const EngineOptions& whole, Shard shard,
                                             std::uint32_t engines);

// What the engine is given rather than what it looks up. Raw pointers are
// borrowed, must outlive the engine, and may be null only where said.
struct EngineParts {
  LogFileSystem* files = nullptr;
  CheckpointStore* checkpoints = nullptr;        // null: positions end with the process
  LossLog* losses = nullptr;                     // null: losses are only observed
  std::unique_ptr<Exporter> exporter = nullptr;  // required
  PodLabelSource* labels = nullptr;              // may be null
  Observer* observer = nullptr;                  // may be null
};

struct EngineCounters {
  std::uint64_t files_opened = 0, bytes_read = 0, lines_read = 0, malformed_lines = 0;
  std::uint64_t records = 0, records_delivered = 0, records_refused = 0;
  std::uint64_t gaps = 0, gap_bytes = 0;  // in the loss log
  std::uint64_t retries = 0, sheds = 0;
  std::uint64_t uncommitted_bytes = 0;  // read, and not yet committed
  // The account of bytes: settled + waiting + lost = what there is behind the
  // positions that were loaded, exactly and always. Waiting is also what is in
  // the files and not read yet; at rest: dangling runs and unterminated last
  // lines. Lost is what is in the loss log, each place once. Of a container that
  // is shed, what is behind its committed offsets waits again.
  std::uint64_t settled_bytes = 0, waiting_bytes = 0, lost_bytes = 0;
  std::uint64_t memory_bytes = 0, files_open = 0;
  std::uint64_t lanes_blocked = 0;  // something came back, and nothing was taken since
};

class PODTAIL_EXPORT Engine {
 public:
  // Loads checkpoints; reads no log yet.
  static Expected<std::unique_ptr<Engine>> Create(EngineOptions options, EngineParts parts);
  // Does not flush: whatever is unsettled is read again on the next start.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Returns when the next turn is due; call earlier if readiness_fd() is readable.
  // An error is fatal for this engine: destroy it. Everything else is retried.
  Expected<Instant> Poll(const Tick& tick);
  // Stop reading new bytes. Keep polling until idle() to hand over the rest.
  void BeginDrain();
  // The whole tree was looked at, and every file was read to its end as of the
  // last look. One pass over the known files.
  bool at_end() const noexcept;
  // Every file is at its end (draining: reading has stopped), and all that was
  // read is settled and durably committed, but for waiting_bytes.
  bool idle() const noexcept;
  int readiness_fd() const noexcept;
  EngineCounters counters() const noexcept;
  // Since when the exporter has answered nothing but kHeld; Instant::max(): it has not.
  Instant held_since() const noexcept;
  // When the sink last accepted records, or refused some for good; at first the
  // time of the first turn.
  Instant accepted_at() const noexcept;

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace podtail
#endif
