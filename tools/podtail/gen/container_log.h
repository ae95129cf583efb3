// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_CONTAINER_LOG_H_
#define PODTAIL_TOOLS_GEN_CONTAINER_LOG_H_
// One container that logs: its runtime, which writes `N.log`, and its kubelet,
// which rotates it.
//
//   <time> stdout F <body>                  a record
//   <time> stdout P <first 16384 bytes>     a record above the runtime's limit:
//   <time> stderr F <body>                  a run of fragments, with lines of the
//   <time> stdout F <the rest>              other stream between them
//
// Not thread-safe. Errors name the path; after one the object is of no use.
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "podtail/expected.h"
#include "podtail/status.h"
#include "tools/podtail/gen/gen_options.h"
#include "tools/podtail/gen/kubelet_rotation.h"
#include "tools/podtail/gen/line_mix.h"
#include "tools/podtail/gen/log_file.h"
#include "tools/podtail/gen/manifest.h"
#include "tools/podtail/gen/record_clock.h"
#include "tools/podtail/gen/rng.h"
#include "tools/podtail/gen/sha256.h"
#include "tools/podtail/gen/time_text.h"

namespace podtail::gen {

// Content bytes above which a runtime cuts a line.
constexpr std::size_t FragmentBytesMax(Runtime runtime) {
  return runtime == Runtime::kContainerd ? 16'384 : 8'192;
}

// What all containers of a run share. Outlives them.
struct Node {
  Node(const GenOptions& options_in, std::unique_ptr<RecordClock> clock_in, std::uint64_t seed)
      : options(options_in),
        clock(std::move(clock_in)),
        mix(options.mix, seed, FragmentBytesMax(options.runtime)),
        rng(seed + 1),
        local(options.zone_minutes) {}

  const GenOptions options;
  const std::unique_ptr<RecordClock> clock;
  LineMix mix;
  Rng rng;
  TimeText local;   // the zone of the log files
  TimeText utc{0};  // of the manifest
  Totals totals;
};

class ContainerLog {
 public:
  // Borrows `node`. Opens `directory`/`instance`.log, which exists if `resumed`;
  // `summary` is what is known of the container. Lines are written out when
  // `flush_bytes` wait.
  static Expected<std::unique_ptr<ContainerLog>> Open(Node* node, std::string directory,
                                                      InstanceSummary summary, bool resumed,
                                                      std::size_t flush_bytes);
  ContainerLog(const ContainerLog&) = delete;
  ContainerLog& operator=(const ContainerLog&) = delete;

  // One line more: of an open run, or of a new record. May rotate.
  [[nodiscard]] Status WriteLine();
  // Ends this instance and starts the next.
  [[nodiscard]] Status Restart();
  // Closes open runs and writes out. Nothing may be written afterwards.
  [[nodiscard]] Status Finish();
  // REQUIRES: Finish(). Adds every instance that this object was.
  [[nodiscard]] Status AppendTo(std::vector<InstanceSummary>* instances);

 private:
  struct Stream {
    std::string record;       // time SP body, of the record being written
    std::size_t written = 0;  // bytes of the body that are in the file
    bool open = false;        // some are not
    std::int64_t time = 0;    // of the next fragment
    std::int64_t last = 0;    // of the last one written
    Sha256 digest;
  };
  struct Cut {
    std::size_t bytes;
    bool full;
  };

  ContainerLog(Node* node, std::string directory, InstanceSummary summary, std::size_t flush_bytes);
  [[nodiscard]] Status OpenLive();
  std::size_t PickStream();
  std::int64_t NextTime(std::size_t which);
  void BeginRecord(std::size_t which);
  Cut CutFragment(const Stream& stream);
  void WriteFragment(std::size_t which, Cut cut);
  void AppendHeader(std::size_t which, std::int64_t time, char tag);
  void WriteDangling();
  [[nodiscard]] Status Rotate();
  std::string_view Body(const Stream& stream) const;

  Node* const node_;
  const std::string directory_;
  const std::size_t flush_bytes_;

  std::vector<InstanceSummary> finished_;
  InstanceSummary summary_;  // of the instance that runs
  std::optional<KubeletRotation> rotation_;
  std::optional<LogFile> file_;
  std::array<Stream, 2> streams_;  // stdout, stderr
};

}  // namespace podtail::gen
#endif
