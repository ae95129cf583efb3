// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/gen/generator.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "tools/podtail/gen/existing_log.h"
#include "tools/podtail/gen/pod_names.h"
#include "tools/podtail/gen/time_text.h"

namespace podtail::gen {
namespace {

constexpr std::int64_t kFirstDay = 1'795'305'600;  // 2026-11-22, seconds
constexpr std::uint64_t kBurstLines = 16;          // of one container
constexpr std::uint64_t kLinesPerLook = 4096;      // between two looks for a signal

// One container's directory, and what is there.
struct Place {
  std::string directory;
  InstanceSummary summary;
  ExistingLog existing;
};

Expected<std::vector<Place>> FindPlaces(const GenOptions& options) {
  std::vector<Place> places;
  for (const PodName& pod : NamePods(options.seed, options.pods, options.containers)) {
    for (const std::string& container : pod.containers) {
      Place place;
      place.directory = options.root + "/" + pod.Directory() + "/" + container;
      place.summary.name_space = pod.name_space;
      place.summary.pod = pod.pod;
      place.summary.pod_uid = pod.uid;
      place.summary.container = container;
      auto existing = FindExistingLog(place.directory, options.zone_minutes);
      if (!existing) return Unexpected(std::move(existing).error());
      place.existing = *existing;
      place.summary.restart_count = place.existing.instance;
      places.push_back(std::move(place));
    }
  }
  return places;
}

Status CheckRoot(const GenOptions& options, const std::vector<Place>& places) {
  const bool any = std::any_of(places.begin(), places.end(),
                               [](const Place& place) { return place.existing.exists; });
  if (options.append && !any) {
    return Status(StatusCode::kNotFound, "no tree of this seed in " + options.root);
  }
  if (!options.append && any) {
    return Status(StatusCode::kFailedPrecondition,
                  options.root + " holds a tree of this seed already; --append goes on in it");
  }
  return Status();
}

std::unique_ptr<Node> MakeNode(const GenOptions& options, const std::vector<Place>& places) {
  std::int64_t newest = 0;
  for (const Place& place : places) newest = std::max(newest, place.existing.newest);
  // What is appended is a function of the seed and of what is there.
  const std::uint64_t seed = options.seed ^ (static_cast<std::uint64_t>(newest) << 1);
  Rng rng(seed);
  std::unique_ptr<RecordClock> clock;
  if (options.rate != 0) {
    clock = std::make_unique<WallClock>();
  } else {
    const std::int64_t begin = kFirstDay + static_cast<std::int64_t>(rng.Below(86'400));
    const std::int64_t start = newest == 0 ? begin * kSecond : newest + kSecond;
    clock = std::make_unique<VirtualClock>(start, rng.Next());
  }
  return std::make_unique<Node>(options, std::move(clock), rng.Next());
}

// Every container holds its live file open, as under a real runtime.
void RaiseOpenFiles() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // refused: opening says so
}

// As fast as it goes: large writes, but 64 MiB in all. At a pace: every line by
// its own write(2), as runtimes do.
std::size_t FlushBytes(const GenOptions& options, std::size_t containers) {
  if (options.rate != 0) return 1;
  const std::size_t share = (64U << 20) / std::max<std::size_t>(1, containers);
  return std::clamp<std::size_t>(share, 4U << 10, 256U << 10);
}

// Of a run at a pace; 0: no limit.
std::uint64_t LinesMax(const GenOptions& options) {
  if (options.duration.count() == 0) return 0;
  const double seconds = std::chrono::duration<double>(options.duration).count();
  const double lines = static_cast<double>(options.rate) * seconds;
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(lines));
}

}  // namespace

Generator::Generator(std::unique_ptr<Node> node)
    : node_(std::move(node)), started_(std::chrono::steady_clock::now()) {}

Expected<std::unique_ptr<Generator>> Generator::Create(const GenOptions& options) {
  auto places = FindPlaces(options);
  if (!places) return Unexpected(std::move(places).error());
  if (Status status = CheckRoot(options, *places); !status.ok()) {
    return Unexpected(std::move(status));
  }
  RaiseOpenFiles();
  std::unique_ptr<Generator> generator(new Generator(MakeNode(options, *places)));
  const std::size_t flush_bytes = FlushBytes(options, places->size());
  for (Place& place : *places) {
    std::error_code error;
    std::filesystem::create_directories(place.directory, error);
    if (error) {
      return Unexpected(Status(StatusCode::kUnavailable,
                               "cannot create " + place.directory + ": " + error.message()));
    }
    auto log = ContainerLog::Open(generator->node_.get(), place.directory, std::move(place.summary),
                                  place.existing.exists, flush_bytes);
    if (!log) return Unexpected(std::move(log).error());
    generator->logs_.push_back(*std::move(log));
  }
  return generator;
}

Status Generator::Run(RunSignals* signals) {
  return node_->options.rate == 0 ? WriteFast(signals) : WritePaced(signals);
}

bool Generator::BytesReached() const {
  const std::uint64_t bytes = node_->options.bytes;
  return bytes != 0 && node_->totals.bytes >= bytes;
}

bool Generator::RestartDue(std::uint64_t done, std::uint64_t whole) const {
  const std::uint64_t restarts = node_->options.restarts;
  return restarts_ < restarts && done >= whole / (restarts + 1) * (restarts_ + 1);
}

Status Generator::RestartAll() {
  ++restarts_;
  for (const auto& log : logs_) {
    if (Status status = log->Restart(); !status.ok()) return status;
  }
  return Status();
}

Status Generator::WriteFast(RunSignals* signals) {
  const Totals& totals = node_->totals;
  std::uint64_t look = kLinesPerLook;
  while (!BytesReached()) {
    ContainerLog& log = *logs_[node_->rng.Below(logs_.size())];
    for (std::uint64_t burst = 1 + node_->rng.Below(kBurstLines); burst > 0; --burst) {
      if (Status status = log.WriteLine(); !status.ok()) return status;
      if (BytesReached()) break;
    }
    if (RestartDue(totals.bytes, node_->options.bytes)) {
      if (Status status = RestartAll(); !status.ok()) return status;
    }
    if (totals.lines < look) continue;
    look = totals.lines + kLinesPerLook;
    if (signals->Wait(0) == RunSignals::Event::kStop) break;
  }
  return Status();
}

Status Generator::WritePaced(RunSignals* signals) {
  const GenOptions& options = node_->options;
  const double rate = static_cast<double>(options.rate);
  const std::uint64_t lines_max = LinesMax(options);
  std::uint64_t done = 0;
  while (!BytesReached() && (lines_max == 0 || done < lines_max)) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started_;
    auto due = static_cast<std::uint64_t>(elapsed.count() * rate);
    if (lines_max != 0) due = std::min(due, lines_max);
    due = std::min(due, done + kLinesPerLook);  // behind, but still looking for a signal
    for (; done < due && !BytesReached(); ++done) {
      if (Status status = logs_[done % logs_.size()]->WriteLine(); !status.ok()) return status;
      if (RestartDue(done, lines_max)) {
        if (Status status = RestartAll(); !status.ok()) return status;
      }
    }
    const double wait = (static_cast<double>(done + 1) / rate - elapsed.count()) * 1000;
    const int wait_ms = static_cast<int>(std::ceil(std::clamp(wait, 0.0, 1000.0)));
    if (signals->Wait(wait_ms) == RunSignals::Event::kStop) break;
  }
  return Status();
}

Expected<Manifest> Generator::Finish() {
  Manifest manifest;
  for (const auto& log : logs_) {
    Status status = log->Finish();
    if (status.ok()) status = log->AppendTo(&manifest.instances);
    if (!status.ok()) return Unexpected(std::move(status));
  }
  manifest.totals = node_->totals;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started_;
  manifest.seconds = elapsed.count();
  return manifest;
}

}  // namespace podtail::gen
