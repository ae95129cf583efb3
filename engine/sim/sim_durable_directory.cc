// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_durable_directory.h"

#include <algorithm>

namespace podtail {
namespace {

Unexpected<Status> RefuseState(StatusCode code) {
  return Unexpected(Status(code, "simulated"));
}

std::string_view NameOf(DurableJob::Kind kind) {
  switch (kind) {
    case DurableJob::Kind::kAppend:
      return "append";
    case DurableJob::Kind::kReplace:
      return "replace";
    case DurableJob::Kind::kRename:
      return "rename";
    case DurableJob::Kind::kRemove:
      return "remove";
  }
  return "?";
}

}  // namespace

Expected<std::vector<DurableFile>> SimDurableDirectory::List() {
  std::vector<DurableFile> list;
  for (const auto& [name, bytes] : files) list.push_back({name, bytes.size()});
  return list;
}

Expected<std::string> SimDurableDirectory::Read(std::string_view name, std::uint64_t offset,
                                                std::size_t bytes_max) {
  const auto file = files.find(name);
  if (file == files.end()) return RefuseState(StatusCode::kNotFound);
  if (offset >= file->second.size()) return std::string();
  return file->second.substr(static_cast<std::size_t>(offset), bytes_max);
}

DurableJobId SimDurableDirectory::Submit(DurableJob job) {
  Duration takes{};
  if (options.slowest_ms > 0) takes = std::chrono::milliseconds(tape_->Below(options.slowest_ms));
  queue_.push_back({++submitted_, std::move(job), takes, std::nullopt});
  Advance(now_);
  return DurableJobId{submitted_};
}

void SimDurableDirectory::Advance(Instant now) {
  now_ = now;
  while (!queue_.empty()) {
    Waiting& first = queue_.front();
    if (!first.done_at) first.done_at = now_ + first.takes;
    if (*first.done_at > now_) return;
    const Waiting run = std::move(first);
    queue_.pop_front();
    Run(run);
  }
}

void SimDurableDirectory::Run(const Waiting& waiting) {
  const bool fails = full || tape_->OneIn(options.fails_in);
  Status result;
  if (!fails) {
    result = Apply(waiting.job);
  } else {
    trace_->Hit(SimMark::kDiskJobFailed);
    const std::uint32_t done = tape_->Below(3);
    if (done == 1 && waiting.job.kind == DurableJob::Kind::kAppend) {
      DurableJob half = waiting.job;
      half.bytes.resize(half.bytes.size() / 2);
      result = Apply(half);
      trace_->Hit(SimMark::kDiskJobHalfDone);
    } else if (done == 2) {
      result = Apply(waiting.job);
      trace_->Hit(SimMark::kDiskJobDoneAndFailed);
    }
    if (result.ok()) result = Status(StatusCode::kUnavailable, "no space left");
  }
  trace_->Note(result.ok() ? "disk" : "disk refuses", NameOf(waiting.job.kind),
               waiting.job.bytes.size(), waiting.job.at);
  results_.emplace(waiting.id, std::move(result));
}

std::optional<Status> SimDurableDirectory::TakeResult(DurableJobId id) {
  const auto result = results_.find(static_cast<std::uint64_t>(id));
  if (result == results_.end()) return std::nullopt;
  return std::move(results_.extract(result).mapped());
}

Status SimDurableDirectory::Apply(const DurableJob& job) {
  const auto file = files.find(job.name);
  switch (job.kind) {
    case DurableJob::Kind::kAppend:
      if (file == files.end()) return Status(StatusCode::kNotFound, job.name);
      if (file->second.size() < job.at) return Status(StatusCode::kDataLoss, job.name);
      file->second.resize(static_cast<std::size_t>(job.at));
      file->second += job.bytes;
      return {};
    case DurableJob::Kind::kReplace:
      files[job.name] = job.bytes;
      return {};
    case DurableJob::Kind::kRename:
      if (files.count(job.target) > 0) {
        return Status(StatusCode::kFailedPrecondition, job.target);
      }
      if (file == files.end()) return Status(StatusCode::kNotFound, job.name);
      files[job.target] = std::move(file->second);
      files.erase(job.name);
      return {};
    case DurableJob::Kind::kRemove:
      files.erase(job.name);
      return {};
  }
  return Status(StatusCode::kInternal, "no such job");
}

void SimDurableDirectory::Crash(SimCrashOutcome outcome) {
  if (!queue_.empty()) {
    const DurableJob& job = queue_.front().job;
    if (outcome == SimCrashOutcome::kAny) {
      outcome = static_cast<SimCrashOutcome>(1 + tape_->Below(3));
    }
    trace_->Hit(SimMark::kCrashInsideWrite);
    if (outcome == SimCrashOutcome::kAll) {
      trace_->Hit(SimMark::kCrashWriteWhole);
      (void)Apply(job).ok();
    } else if (outcome == SimCrashOutcome::kTorn && job.kind == DurableJob::Kind::kAppend) {
      Tear(job);
    } else {
      trace_->Hit(SimMark::kCrashWriteNothing);
    }
  }
  queue_.clear();
  results_.clear();
}

// Sectors come to the disk in any order, and what lies between may be zeroes.
void SimDurableDirectory::Tear(const DurableJob& job) {
  const auto file = files.find(job.name);
  if (file == files.end() || file->second.size() < job.at) return;
  trace_->Hit(SimMark::kCrashWriteTorn);
  const std::size_t kept = tape_->Below(static_cast<std::uint32_t>(job.bytes.size()) + 1);
  std::string torn = job.bytes.substr(0, kept);
  for (std::size_t at = 0; at < torn.size(); at += options.sector_bytes) {
    if (tape_->Below(4) != 3) continue;
    const std::size_t n = std::min(options.sector_bytes, torn.size() - at);
    torn.replace(at, n, n, '\0');
    trace_->Hit(SimMark::kCrashWriteZeroes);
  }
  file->second.resize(static_cast<std::size_t>(job.at));
  file->second += torn;
}

}  // namespace podtail
