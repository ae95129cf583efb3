// SPDX-License-Identifier: Apache-2.0
#include "engine/checkpoint/file_loss_log.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/checkpoint/loss_line.h"

namespace podtail {
namespace {

constexpr std::size_t kEndPieceBytes = std::size_t{64} * 1024;
constexpr std::size_t kWaitingBytesMax = std::size_t{1024} * 1024;
constexpr Duration kLookForRoom = std::chrono::seconds(1);

}  // namespace

Expected<std::unique_ptr<FileLossLog>> FileLossLog::Create(DurableDirectory* directory,
                                                           std::uint64_t bytes_max) {
  const auto files = directory->List();
  if (!files) return Unexpected(files.error());
  std::unique_ptr<FileLossLog> log(new FileLossLog(directory, bytes_max / 2));
  for (const DurableFile& file : *files) {
    if (file.name == kOlderLossesName) log->older_exists_ = true;
    if (file.name != kLossesName) continue;
    log->exists_ = true;
    if (Status read = log->ReadEnd(file); !read.ok()) return Unexpected(std::move(read));
  }
  return log;
}

// Finds the end of the last whole line: a crash may have torn the one behind it,
// which was never reported as durable.
Status FileLossLog::ReadEnd(const DurableFile& losses) {
  std::uint64_t end = losses.bytes;
  while (end > 0) {
    const std::uint64_t begin = end - std::min<std::uint64_t>(end, kEndPieceBytes);
    const auto piece = directory_->Read(kLossesName, begin, static_cast<std::size_t>(end - begin));
    if (!piece) return Status(StatusCode::kUnavailable, piece.error().message());
    const std::size_t newline = piece->rfind('\n');
    if (newline != std::string::npos) {
      file_bytes_ = begin + newline + 1;
      return {};
    }
    end = begin;
  }
  return {};
}

bool FileLossLog::HasRoom(std::uint64_t bytes) const noexcept {
  const std::uint64_t waits = waiting_.size() + bytes;
  const std::uint64_t here = file_bytes_ + under_way_.size();
  const bool alone = waiting_.empty();
  if (here + waits <= file_bytes_max_ || (here == 0 && alone)) return true;
  return !older_exists_ && (waits <= file_bytes_max_ || alone);
}

Status FileLossLog::FullStatus() const {
  const std::string directory(directory_->path());
  return Status(StatusCode::kResourceExhausted, "the loss log is full: read and delete " +
                                                    directory + "/" +
                                                    std::string(kOlderLossesName) + " to go on");
}

Expected<WriteSequence> FileLossLog::Append(const LossEntry& entry) {
  std::string line;
  AppendLossLine(entry, &line);
  const bool room = HasRoom(line.size());
  if (!room && older_exists_) {
    refused_ = true;
    return Unexpected(FullStatus());
  }
  // Without `losses.1` room comes by itself, once what waits has been written.
  if (!room || (!waiting_.empty() && waiting_.size() + line.size() > kWaitingBytesMax)) {
    return Unexpected(Status(StatusCode::kResourceExhausted, "the loss log waits for the disk of " +
                                                                 std::string(directory_->path())));
  }
  waiting_ += line;
  submitted_ = WriteSequence{static_cast<std::uint64_t>(submitted_) + 1};
  return submitted_;
}

WriteProgress FileLossLog::Poll(const Tick& tick) {
  if (job_) {
    if (auto result = directory_->TakeResult(*job_)) {
      job_.reset();
      Finish(std::move(*result), tick.now);
    }
  }
  if (!job_ && !retry_.waiting(tick.now)) StartJob(tick);
  WriteProgress progress;
  progress.durable = durable_;
  progress.trouble = retry_.trouble();
  progress.next = Instant::max();
  const bool full = older_exists_ && (refused_ || !HasRoom(0));
  if (progress.trouble.ok() && full) progress.trouble = FullStatus();
  if (job_) {
    if (directory_->readiness_fd() < 0) progress.next = tick.now + kLookAtWriteAgain;
  } else if (!retry_.trouble().ok()) {
    progress.next = retry_.due();
  } else if (full) {
    progress.next = look_again_;
  }
  return progress;
}

void FileLossLog::StartJob(const Tick& tick) {
  const bool fits = file_bytes_ + waiting_.size() <= file_bytes_max_ || file_bytes_ == 0;
  if (!waiting_.empty() && fits) return StartWrite();
  const bool wanted = !waiting_.empty() || refused_;
  // Renaming is how to ask: it does nothing while `losses.1` is there.
  if (!wanted || (older_exists_ && tick.now < look_again_)) return;
  look_again_ = tick.now + kLookForRoom;
  StartRotation();
}

void FileLossLog::StartWrite() {
  under_way_ = std::exchange(waiting_, {});
  step_ = Step::kWrite;
  carried_ = submitted_;
  DurableJob job{exists_ ? DurableJob::Kind::kAppend : DurableJob::Kind::kReplace,
                 std::string(kLossesName)};
  job.bytes = under_way_;
  job.at = file_bytes_;
  job_ = directory_->Submit(std::move(job));
}

void FileLossLog::StartRotation() {
  step_ = Step::kRotate;
  DurableJob job{DurableJob::Kind::kRename, std::string(kLossesName)};
  job.target = kOlderLossesName;
  job_ = directory_->Submit(std::move(job));
}

void FileLossLog::Finish(Status result, Instant now) {
  const StatusCode code = result.ok() ? StatusCode::kOk : result.code();
  if (step_ == Step::kRotate) {
    if (code == StatusCode::kFailedPrecondition) {
      older_exists_ = true;
      retry_.Succeeded();  // the disk is well, the log is full
      return;
    }
    if (code != StatusCode::kOk && code != StatusCode::kNotFound) {
      retry_.Failed(std::move(result), now);
      return;
    }
    exists_ = false;
    older_exists_ = code == StatusCode::kOk;
    refused_ = false;
    file_bytes_ = 0;
    retry_.Succeeded();
    return;
  }
  if (code == StatusCode::kOk) {
    exists_ = true;
    file_bytes_ += under_way_.size();
    under_way_.clear();
    durable_ = carried_;
    retry_.Succeeded();
    return;
  }
  waiting_.insert(0, std::exchange(under_way_, {}));
  if (code == StatusCode::kNotFound) {
    // Somebody deleted it, or the whole directory: begin again.
    exists_ = false;
    older_exists_ = false;
    file_bytes_ = 0;
  } else if (code == StatusCode::kDataLoss) {
    // Somebody cut it. What is left is set aside like a full file.
    file_bytes_ = std::max<std::uint64_t>(file_bytes_max_, 1);
  }
  retry_.Failed(std::move(result), now);
}

}  // namespace podtail
