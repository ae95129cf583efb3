// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/run_sinks.h"

#include <unistd.h>

#include <atomic>
#include <thread>
#include <utility>

#include "tools/podtail/commands.h"
#include "tools/podtail/null_exporter.h"
#include "tools/podtail/output_turns.h"
#include "tools/podtail/stdout_exporter.h"

namespace podtail {
namespace {

constexpr int kHousekeepingMs = 1000;
// For the commit of what was accepted: nothing more will be.
constexpr Duration kDrainWithoutReader = std::chrono::seconds(1);
// With --once (decision 19): of answers that somebody has to mend, and of none.
constexpr Duration kHeldMax = std::chrono::seconds(60);
constexpr Duration kStalledMax = std::chrono::minutes(10);

// What the engines of one sink have in common.
struct Common {
  std::shared_ptr<StateDirectory> state = nullptr;
  std::shared_ptr<OutputTurns> turns = nullptr;
  std::uint32_t engines = 1;  // of the whole process
};

std::unique_ptr<Exporter> MakeExporter(const RunSettings& settings, const std::string& name,
                                       const Common& common, std::function<void()> reader_closed) {
  if (name == "null") return std::make_unique<NullExporter>();
  return std::make_unique<StdoutExporter>(STDOUT_FILENO, *settings.stdout_format, settings.labels,
                                          std::move(reader_closed), common.turns);
}

std::optional<int> OpenState(const RunSettings& settings, const std::string& sink, EventLog* log,
                             Common* common) {
  if (settings.checkpoint_dir.empty()) return std::nullopt;
  StateDirectoryOptions options;
  options.directory = settings.checkpoint_dir;
  options.sink_name = sink;
  options.shard_count = settings.shards;
  Expected<std::unique_ptr<StateDirectory>> opened = StateDirectory::Open(std::move(options));
  if (opened) {
    common->state = std::move(*opened);
    return std::nullopt;
  }
  const Status& why = opened.error();
  const bool locked = why.code() == StatusCode::kFailedPrecondition;
  log->Write(EventLevel::kError, "checkpoint_dir",
             locked ? "the checkpoint directory is locked by another podtail"
                    : "the checkpoint directory cannot be created or written",
             {{"path", settings.checkpoint_dir}, {"why", why.message()}});
  return kExitCannotCreate;
}

std::optional<int> OpenEngine(const RunSettings& settings, const Common& common,
                              std::function<void()> reader_closed, EventLog* log,
                              RunEngine* engine) {
  engine->state = common.state;
  engine->files = NewPosixLogFileSystem();
  engine->observer = std::make_unique<RunObserver>(log, engine->sink);
  EngineParts parts;
  parts.files = engine->files.get();
  if (engine->state != nullptr) {
    parts.checkpoints = engine->state->checkpoints(engine->shard.index);
    parts.losses = engine->state->losses(engine->shard.index);
  }
  parts.exporter = MakeExporter(settings, engine->sink, common, std::move(reader_closed));
  parts.observer = engine->observer.get();
  Expected<std::unique_ptr<Engine>> made = Engine::Create(
      OptionsForShard(settings.engine, engine->shard, common.engines), std::move(parts));
  if (made) {
    engine->engine = std::move(*made);
    return std::nullopt;
  }
  const bool usage = made.error().code() == StatusCode::kInvalidArgument;
  log->Write(EventLevel::kError, "start", "cannot start",
             {{"sink", engine->sink}, {"why", made.error().message()}});
  return usage ? kExitUsage : kExitFailure;
}

// The end of one engine: the exit status it asks for.
int SayEnd(const RunEngine& engine, const Status& status, bool stopping, EventLog* log) {
  if (status.ok()) return kExitOk;
  if (stopping && status.code() == StatusCode::kUnavailable) {
    log->Write(EventLevel::kWarn, "drain",
               "not everything was settled in time; it is read again at the next start",
               {{"sink", engine.sink}, {"bytes", engine.engine->counters().uncommitted_bytes}});
    return kExitOk;
  }
  if (status.code() == StatusCode::kResourceExhausted) {
    log->Write(EventLevel::kError, "gave_up", status.message(),
               {{"sink", engine.sink}, {"bytes", engine.engine->counters().uncommitted_bytes}});
    return kExitUnavailable;
  }
  log->Write(EventLevel::kError, "engine", "podtail cannot go on",
             {{"sink", engine.sink}, {"why", status.ToString()}});
  return kExitFailure;
}

}  // namespace

std::optional<int> OpenSinks(const RunSettings& settings,
                             const std::function<void()>& reader_closed, EventLog* log,
                             std::vector<RunEngine>* engines) {
  std::vector<std::string> sinks;
  if (settings.stdout_format) sinks.emplace_back("stdout");
  if (settings.null_sink) sinks.emplace_back("null");
  for (const std::string& sink : sinks) {
    for (std::uint32_t index = 0; index < settings.shards; ++index) {
      engines->push_back({.sink = sink, .shard = {index, settings.shards}});
    }
  }
  Common common;
  common.turns = std::make_shared<OutputTurns>();
  common.engines = static_cast<std::uint32_t>(engines->size());
  for (RunEngine& engine : *engines) {
    if (engine.shard.index == 0) {
      common.state = nullptr;
      if (auto status = OpenState(settings, engine.sink, log, &common)) return status;
    }
    engine.run.until_idle = settings.once;
    if (settings.once) {  // an agent waits for ever; a run that ends says that it could not
      engine.run.held_max = kHeldMax;
      engine.run.stalled_max = kStalledMax;
    }
    const auto closed = [&engine, reader_closed] {
      engine.run.drain_max = kDrainWithoutReader;  // on the thread that reads it
      reader_closed();
    };
    if (auto status = OpenEngine(settings, common, closed, log, &engine)) return status;
  }
  return std::nullopt;
}

int RunSinks(const std::stop_source& stop, EventLog* log, RunSignals* signals,
             std::vector<RunEngine>* engines) {
  std::atomic<std::size_t> running = engines->size();
  std::atomic<int> exit_status = kExitOk;
  std::vector<std::thread> threads;
  for (RunEngine& engine : *engines) {
    threads.emplace_back([&, stop] {
      const Status status = Run(*engine.engine, stop.get_token(), engine.run);
      if (const int ended = SayEnd(engine, status, stop.stop_requested(), log); ended != kExitOk) {
        exit_status = ended;
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
  return exit_status;
}

}  // namespace podtail
