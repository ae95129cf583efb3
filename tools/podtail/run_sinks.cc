// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/run_sinks.h"

#include <unistd.h>

#include <atomic>
#include <thread>
#include <utility>

#include "tools/podtail/commands.h"
#include "tools/podtail/null_exporter.h"
#include "tools/podtail/stdout_exporter.h"

namespace podtail {
namespace {

constexpr int kHousekeepingMs = 1000;
// For the commit of what was accepted: nothing more will be.
constexpr Duration kDrainWithoutReader = std::chrono::seconds(1);

std::unique_ptr<Exporter> MakeExporter(const RunSettings& settings, const std::string& name,
                                       std::function<void()> reader_closed) {
  if (name == "null") return std::make_unique<NullExporter>();
  return std::make_unique<StdoutExporter>(STDOUT_FILENO, *settings.stdout_format, settings.labels,
                                          std::move(reader_closed));
}

std::optional<int> OpenState(const std::string& directory, EventLog* log, RunSink* sink) {
  if (directory.empty()) return std::nullopt;
  StateDirectoryOptions options;
  options.directory = directory;
  options.sink_name = sink->name;
  Expected<std::unique_ptr<StateDirectory>> opened = StateDirectory::Open(std::move(options));
  if (opened) {
    sink->state = std::move(*opened);
    return std::nullopt;
  }
  const Status& why = opened.error();
  const bool locked = why.code() == StatusCode::kFailedPrecondition;
  log->Write(EventLevel::kError, "checkpoint_dir",
             locked ? "the checkpoint directory is locked by another podtail"
                    : "the checkpoint directory cannot be created or written",
             {{"path", directory}, {"why", why.message()}});
  return kExitCannotCreate;
}

std::optional<int> OpenEngine(const RunSettings& settings, std::uint32_t engines,
                              std::function<void()> reader_closed, EventLog* log, RunSink* sink) {
  if (auto status = OpenState(settings.checkpoint_dir, log, sink)) return status;
  sink->files = NewPosixLogFileSystem();
  sink->observer = std::make_unique<RunObserver>(log, sink->name);
  EngineParts parts;
  parts.files = sink->files.get();
  parts.checkpoints = sink->state ? sink->state->checkpoints() : nullptr;
  parts.losses = sink->state ? sink->state->losses() : nullptr;
  parts.exporter = MakeExporter(settings, sink->name, std::move(reader_closed));
  parts.observer = sink->observer.get();
  Expected<std::unique_ptr<Engine>> engine =
      Engine::Create(OptionsForShard(settings.engine, Shard{}, engines), std::move(parts));
  if (engine) {
    sink->engine = std::move(*engine);
    return std::nullopt;
  }
  const bool usage = engine.error().code() == StatusCode::kInvalidArgument;
  log->Write(EventLevel::kError, "start", "cannot start",
             {{"sink", sink->name}, {"why", engine.error().message()}});
  return usage ? kExitUsage : kExitFailure;
}

// The end of one engine. True: it ended as it should.
bool SayEnd(const RunSink& sink, const Status& status, bool stopping, EventLog* log) {
  if (status.ok()) return true;
  if (stopping && status.code() == StatusCode::kUnavailable) {
    log->Write(EventLevel::kWarn, "drain",
               "not everything was settled in time; it is read again at the next start",
               {{"sink", sink.name}, {"bytes", sink.engine->counters().uncommitted_bytes}});
    return true;
  }
  log->Write(EventLevel::kError, "engine", "podtail cannot go on",
             {{"sink", sink.name}, {"why", status.ToString()}});
  return false;
}

}  // namespace

std::optional<int> OpenSinks(const RunSettings& settings,
                             const std::function<void()>& reader_closed, EventLog* log,
                             std::vector<RunSink>* sinks) {
  if (settings.stdout_format) sinks->emplace_back().name = "stdout";
  if (settings.null_sink) sinks->emplace_back().name = "null";
  const auto engines = static_cast<std::uint32_t>(sinks->size());
  for (RunSink& sink : *sinks) {
    sink.run.until_idle = settings.once;
    const auto closed = [&sink, reader_closed] {
      sink.run.drain_max = kDrainWithoutReader;  // on the thread that reads it
      reader_closed();
    };
    if (auto status = OpenEngine(settings, engines, closed, log, &sink)) return status;
  }
  return std::nullopt;
}

int RunSinks(const std::stop_source& stop, EventLog* log, RunSignals* signals,
             std::vector<RunSink>* sinks) {
  std::atomic<std::size_t> running = sinks->size();
  std::atomic<bool> failed = false;
  std::vector<std::thread> threads;
  for (RunSink& sink : *sinks) {
    threads.emplace_back([&, stop] {
      const Status status = Run(*sink.engine, stop.get_token(), sink.run);
      if (!SayEnd(sink, status, stop.stop_requested(), log)) {
        failed = true;
        stop.request_stop();
      }
      --running;
      signals->Wake();
    });
  }
  bool signalled = false;
  while (running > 0) {
    if (signals->Wait(kHousekeepingMs) == RunSignals::Event::kStop) {
      if (signalled) _exit(kExitFailure);
      signalled = true;
      log->Write(EventLevel::kInfo, "stopping", "settling what was read, for at most 10 s");
      stop.request_stop();
    }
    log->Tick();
  }
  for (std::thread& thread : threads) thread.join();
  return failed ? kExitFailure : kExitOk;
}

}  // namespace podtail
