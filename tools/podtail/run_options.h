// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_RUN_OPTIONS_H_
#define PODTAIL_TOOLS_RUN_OPTIONS_H_
// The command line of `podtail run`, as the engine and the command want it.
#include <optional>
#include <string>

#include "podtail/engine.h"
#include "podtail/record_text.h"
#include "tools/podtail/event_log.h"
namespace podtail {

enum class StdoutFormat { kJson, kText };

struct RunSettings {
  EngineOptions engine = {};        // of the whole process; OptionsForShard() divides it
  std::string checkpoint_dir = {};  // empty: positions in memory
  std::optional<StdoutFormat> stdout_format = {};  // nullopt: no such sink
  bool null_sink = false;
  std::uint32_t shards = 1;  // engines per sink
  StaticLabels labels = {};
  bool once = false;
  EventFormat log_format = EventFormat::kText;
  EventLevel log_level = EventLevel::kInfo;
};

// Fills `settings`, with at least one sink. Not nullopt: the command ends with
// that status, and what there was to say has been said.
[[nodiscard]] std::optional<int> ParseRunFlags(int argc, char** argv, RunSettings* settings);

}  // namespace podtail
#endif
