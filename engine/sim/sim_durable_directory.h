// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_DURABLE_DIRECTORY_H_
#define PODTAIL_ENGINE_SIM_SIM_DURABLE_DIRECTORY_H_
// A disk for the state directory. Jobs run later, in order, and may fail with
// nothing, half or all of it done. A crash leaves of the job under way what
// durable_directory.h says: of an append any mixture of sectors, of the rest the
// state before or the state after; jobs behind it never happened.
//
// The disk outlives its owners; each life opens it anew.
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "engine/port/durable_directory.h"
#include "engine/sim/choice_tape.h"
#include "engine/sim/sim_trace.h"

namespace podtail {

struct SimDiskOptions {
  std::uint32_t fails_in = 0;     // one job in so many; 0: never
  std::uint32_t slowest_ms = 0;   // a job takes up to so long
  std::size_t sector_bytes = 64;  // what a crash tears at
};

// What a crash does to the job under way.
enum class SimCrashOutcome : std::uint8_t { kAny = 0, kNothing = 1, kTorn = 2, kAll = 3 };

class SimDurableDirectory : public DurableDirectory {
 public:
  // Both must outlive it.
  SimDurableDirectory(ChoiceTape* tape, SimTrace* trace) : tape_(tape), trace_(trace) {}

  // Runs what is due by then.
  void Advance(Instant now);
  void Crash(SimCrashOutcome outcome);
  bool busy() const noexcept { return !queue_.empty(); }

  SimDiskOptions options;
  bool full = false;  // every job fails
  std::map<std::string, std::string, std::less<>> files;

  std::string_view path() const noexcept override { return "DIR/sim"; }
  Expected<std::vector<DurableFile>> List() override;
  Expected<std::string> Read(std::string_view name, std::uint64_t offset,
                             std::size_t bytes_max) override;
  DurableJobId Submit(DurableJob job) override;
  std::optional<Status> TakeResult(DurableJobId id) override;
  int readiness_fd() const noexcept override { return -1; }

 private:
  struct Waiting {
    std::uint64_t id;
    DurableJob job;
    Duration takes;
    std::optional<Instant> done_at;  // unset: waits for the job before it
  };

  Status Apply(const DurableJob& job);
  void Run(const Waiting& waiting);
  void Tear(const DurableJob& job);

  ChoiceTape* const tape_;
  SimTrace* const trace_;
  Instant now_{};
  std::deque<Waiting> queue_;
  std::map<std::uint64_t, Status> results_;
  std::uint64_t submitted_ = 0;
};

}  // namespace podtail
#endif
