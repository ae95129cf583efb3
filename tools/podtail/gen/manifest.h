// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_MANIFEST_H_
#define PODTAIL_TOOLS_GEN_MANIFEST_H_
// What one run of `podtail gen` wrote, for a reader to be checked against.
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace podtail::gen {

struct StreamSummary {
  std::uint64_t records = 0;
  // Over `time SP body LF` of every record in the order written: `time` is the
  // first fragment's, in UTC with nine digits and Z, `body` the joined content.
  std::string sha256;
  // A run that never gets its F: not a record, not in the hash.
  std::uint64_t dangling_fragments = 0;
  std::uint64_t dangling_bytes = 0;  // of content
};

struct InstanceSummary {
  std::string name_space;
  std::string pod;
  std::string pod_uid;
  std::string container;
  std::uint64_t restart_count = 0;
  std::vector<std::string> files;        // that still exist, oldest first
  std::array<StreamSummary, 2> streams;  // stdout, stderr
};

struct Totals {
  std::uint64_t bytes = 0;  // of the log files, before compression
  std::uint64_t lines = 0;  // of the log files: fragments count one by one
  std::uint64_t records = 0;
  std::uint64_t rotations = 0;
};

struct Manifest {
  std::vector<InstanceSummary> instances;
  Totals totals;
  double seconds = 0;  // that the run took

  // One JSON document, an instance per line.
  std::string ToJson() const;
};

}  // namespace podtail::gen
#endif
