// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_CHECKPOINT_FAKE_DURABLE_DIRECTORY_H_
#define PODTAIL_TESTS_CHECKPOINT_FAKE_DURABLE_DIRECTORY_H_
// A durable directory in memory. Jobs run when the test says so, and fail as the
// test says. Not thread-safe.
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/port/durable_directory.h"

namespace podtail {

using FileMap = std::map<std::string, std::string, std::less<>>;

// What a job that reports failure has done nevertheless.
enum class FailedJob { kNothing, kHalf, kAll };

class FakeDurableDirectory final : public DurableDirectory {
 public:
  FakeDurableDirectory() = default;
  explicit FakeDurableDirectory(FileMap start) : files(std::move(start)) {}

  std::string_view path() const noexcept override { return "DIR/sink"; }

  Expected<std::vector<DurableFile>> List() override {
    std::vector<DurableFile> list;
    for (const auto& [name, bytes] : files) list.push_back({name, bytes.size()});
    return list;
  }

  Expected<std::string> Read(std::string_view name, std::uint64_t offset,
                             std::size_t bytes_max) override {
    if (name == unreadable) return Unexpected(Status(StatusCode::kUnavailable, "I/O error"));
    const auto file = files.find(name);
    if (file == files.end()) return Unexpected(Status(StatusCode::kNotFound, "no such file"));
    if (offset >= file->second.size()) return std::string();
    return file->second.substr(offset, bytes_max);
  }

  DurableJobId Submit(DurableJob job) override {
    ++submitted;
    queue.push_back(std::move(job));
    if (!slow) RunOne();
    return DurableJobId{submitted};
  }

  std::optional<Status> TakeResult(DurableJobId id) override {
    const auto result = results_.find(static_cast<std::uint64_t>(id));
    if (result == results_.end()) return std::nullopt;
    return std::move(results_.extract(result).mapped());
  }

  int readiness_fd() const noexcept override { return -1; }

  // The oldest job that has not run.
  void RunOne() {
    const DurableJob job = std::move(queue.front());
    queue.pop_front();
    ++ran;
    const bool fails = broken || ran == fail_at;
    Status result;
    if (!fails || effect == FailedJob::kAll) {
      result = Apply(job);
    } else if (effect == FailedJob::kHalf && job.kind == DurableJob::Kind::kAppend) {
      DurableJob half = job;
      half.bytes.resize(half.bytes.size() / 2);
      result = Apply(half);
    }
    if (fails && result.ok()) result = Status(StatusCode::kUnavailable, "no space left");
    results_.emplace(ran, std::move(result));
  }

  FileMap files;
  std::deque<DurableJob> queue;  // submitted, not run
  bool slow = false;             // jobs wait for RunOne()
  bool broken = false;           // every job fails
  std::uint64_t fail_at = 0;     // this job fails; the first one is 1
  FailedJob effect = FailedJob::kNothing;
  std::string unreadable;
  std::uint64_t submitted = 0;
  std::uint64_t ran = 0;

 private:
  Status Apply(const DurableJob& job) {
    const auto file = files.find(job.name);
    switch (job.kind) {
      case DurableJob::Kind::kAppend:
        if (file == files.end()) return Status(StatusCode::kNotFound, job.name);
        if (file->second.size() < job.at) return Status(StatusCode::kDataLoss, job.name);
        file->second.resize(job.at);
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
        files[job.target] = file->second;
        files.erase(job.name);
        return {};
      case DurableJob::Kind::kRemove:
        files.erase(job.name);
        return {};
    }
    return Status(StatusCode::kInternal, "no such job");
  }

  std::map<std::uint64_t, Status> results_;
};

}  // namespace podtail
#endif
