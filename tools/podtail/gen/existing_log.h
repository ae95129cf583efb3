// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_EXISTING_LOG_H_
#define PODTAIL_TOOLS_GEN_EXISTING_LOG_H_
// What an earlier run left in a container's directory. All that --append needs
// is read from the tree, so that there is no state beside it to lose.
#include <cstdint>
#include <string>

#include "podtail/expected.h"
#include "podtail/status.h"

namespace podtail::gen {

struct ExistingLog {
  bool exists = false;         // there is an N.log
  std::uint64_t instance = 0;  // the highest N
  std::int64_t newest = 0;     // the latest time in a last line or a stamp, ns
};

// An empty answer when the directory does not exist.
Expected<ExistingLog> FindExistingLog(const std::string& directory, int zone_minutes);

}  // namespace podtail::gen
#endif
