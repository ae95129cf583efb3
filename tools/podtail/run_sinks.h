// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_RUN_SINKS_H_
#define PODTAIL_TOOLS_RUN_SINKS_H_
// The engines of one `podtail run`: one per sink and shard, each with its own
// exporter and its own pods. The shards of a sink share its state below the
// checkpoint directory; two sinks share nothing, and have their own positions.
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "podtail/engine.h"
#include "podtail/log_file_system.h"
#include "podtail/runner.h"
#include "podtail/state_directory.h"
#include "tools/podtail/run_observer.h"
#include "tools/podtail/run_options.h"
#include "tools/podtail/run_signals.h"
namespace podtail {

// Members are destroyed from the last to the first: the engine before what it
// borrows.
struct RunEngine {
  std::string sink = {};
  Shard shard = {};
  RunOptions run = {};                              // Run() looks at it while it runs
  std::shared_ptr<StateDirectory> state = nullptr;  // null: positions in memory
  std::unique_ptr<LogFileSystem> files = nullptr;
  std::unique_ptr<RunObserver> observer = nullptr;
  std::unique_ptr<Engine> engine = nullptr;
};

// Opens every engine of `settings` into `engines`. nullopt: all are there;
// otherwise the exit status, and the reason has been logged. `reader_closed` is
// called on an engine's thread when nobody reads its output any more.
[[nodiscard]] std::optional<int> OpenSinks(const RunSettings& settings,
                                           const std::function<void()>& reader_closed,
                                           EventLog* log, std::vector<RunEngine>* engines);

// Runs every engine on a thread of its own and returns when all have ended. The
// first signal, an engine's end by an error, or `stop` itself lets all of them
// drain; the second signal ends the process at once, with status 1: state on
// disk is safe at any moment. Returns the exit status.
int RunSinks(const std::stop_source& stop, EventLog* log, RunSignals* signals,
             std::vector<RunEngine>* engines);

}  // namespace podtail
#endif
