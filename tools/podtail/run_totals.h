// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_RUN_TOTALS_H_
#define PODTAIL_TOOLS_RUN_TOTALS_H_
// The last line of a run: what it read and delivered, as one JSON object.
#include <string>

#include "podtail/engine.h"
namespace podtail {

void AddCounters(const EngineCounters& more, EngineCounters* sum);

// {"event":"totals","files":...,"seconds":1.234}\n, keys in the order of the
// command line contract.
std::string TotalsLine(const EngineCounters& counters, Duration elapsed);

}  // namespace podtail
#endif
