// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_GEN_OPTIONS_H_
#define PODTAIL_TOOLS_GEN_GEN_OPTIONS_H_
// What `podtail gen` is asked to write.
#include <cstddef>
#include <cstdint>
#include <string>

#include "podtail/tick.h"

namespace podtail::gen {

// What applications print (line_mix.h).
enum class Mix : std::uint8_t { kStandard, kSeed, kPlain, kJson, kLong, kOdd };

// Whose way of writing the log files: time stamps and partial lines.
enum class Runtime : std::uint8_t { kContainerd, kConmon };

struct Rotation {
  std::uint64_t size_max = 10 << 20;  // bytes that make a live file due; 0: never
  std::size_t files_max = 5;          // of one instance, the live one included; 0: keep all
  bool gzip = true;                   // rotated files, one rotation later
};

struct GenOptions {
  std::string root;
  std::size_t pods = 1;
  std::size_t containers = 1;  // per pod
  std::uint64_t bytes = 0;     // to write in all; 0: no limit
  std::uint64_t rate = 0;      // lines per second in all, by the real clock; 0: as fast as it goes
  Duration duration{0};        // with `rate`: how long; 0: until a signal
  std::uint64_t restarts = 0;  // of every container, evenly over the run
  std::uint64_t seed = 1;
  Mix mix = Mix::kStandard;
  Runtime runtime = Runtime::kContainerd;
  int zone_minutes = 0;  // the node's offset from UTC
  Rotation rotation;
  bool append = false;  // go on in a tree that exists
  bool dangling_stderr = false;
};

}  // namespace podtail::gen
#endif
