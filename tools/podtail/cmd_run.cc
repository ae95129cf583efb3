// SPDX-License-Identifier: Apache-2.0
// podtail run: tail, parse, export, checkpoint.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "tools/podtail/commands.h"
#include "tools/podtail/event_log.h"
#include "tools/podtail/run_options.h"
#include "tools/podtail/run_signals.h"
#include "tools/podtail/run_sinks.h"
#include "tools/podtail/run_totals.h"

namespace podtail {
namespace {

// Descriptors that are not log files: state, pipes, libraries.
constexpr rlim_t kDescriptorReserve = 64;
constexpr rlim_t kDescriptorReserveMin = 24;
constexpr rlim_t kOpenFilesMax = 65'536;

// A node may have more log files than the usual soft limit of 1,024.
std::uint32_t RaiseOpenFilesMax() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return TailerOptions{}.open_files_max;
  if (limit.rlim_cur != limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  // Of very few most are for what podtail cannot do without.
  const rlim_t reserve =
      limit.rlim_cur > 2 * kDescriptorReserve ? kDescriptorReserve : kDescriptorReserveMin;
  const rlim_t spare = limit.rlim_cur > reserve ? limit.rlim_cur - reserve : 1;
  return static_cast<std::uint32_t>(std::min(spare, kOpenFilesMax));
}

// nullopt: go on, the root is there or is waited for.
std::optional<int> CheckRoot(const RunSettings& settings, EventLog* log) {
  const std::string& root = settings.engine.tailer.root;
  struct stat info {};
  std::string why;
  if (stat(root.c_str(), &info) != 0) {
    why = std::strerror(errno);
  } else if (!S_ISDIR(info.st_mode)) {
    why = "not a directory";
  } else {
    return std::nullopt;
  }
  log->Write(settings.once ? EventLevel::kError : EventLevel::kWarn, "root",
             settings.once ? "the log root does not exist"
                           : "the log root does not exist; podtail waits for it",
             {{"path", root}, {"why", why}});
  if (settings.once) return kExitNoRoot;
  return std::nullopt;
}

void SayStart(const RunSettings& settings, EventLog* log) {
  if (settings.checkpoint_dir.empty()) {
    log->Write(EventLevel::kWarn, "positions_in_memory",
               "no --checkpoint-dir: positions end with this process");
  }
  log->Write(EventLevel::kInfo, "started", "reading container logs",
             {{"root", settings.engine.tailer.root},
              {"open_files_max", settings.engine.tailer.open_files_max}});
}

}  // namespace

int CmdRun(int argc, char** argv) {
  RunSettings settings;
  if (const std::optional<int> status = ParseRunFlags(argc, argv, &settings)) return *status;
  const auto began = std::chrono::steady_clock::now();
  EventLog log(STDERR_FILENO, settings.log_format, settings.log_level);
  Expected<RunSignals> signals = RunSignals::Install();  // before any thread
  if (!signals) {
    log.Write(EventLevel::kError, "start", signals.error().message());
    return kExitFailure;
  }
  if (const std::optional<int> status = CheckRoot(settings, &log)) return *status;
  settings.engine.tailer.open_files_max = RaiseOpenFilesMax();

  std::stop_source stop;
  const auto reader_closed = [stop, &log]() mutable {
    if (!stop.request_stop()) return;
    log.Write(EventLevel::kInfo, "stdout_closed", "nobody reads stdout any more: stopping");
  };
  std::vector<RunEngine> engines;
  if (const std::optional<int> status = OpenSinks(settings, reader_closed, &log, &engines)) {
    return *status;
  }
  SayStart(settings, &log);
  const int status = RunSinks(stop, &log, &*signals, &engines);

  EngineCounters totals;
  for (const RunEngine& engine : engines) {
    engine.observer->SaySkipped();
    AddCounters(engine.engine->counters(), &totals);
  }
  log.WriteLast(TotalsLine(totals, std::chrono::steady_clock::now() - began));
  return status;
}

}  // namespace podtail
