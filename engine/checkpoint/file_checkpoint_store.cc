// SPDX-License-Identifier: Apache-2.0
#include "engine/checkpoint/file_checkpoint_store.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/checkpoint/checkpoint_codec.h"
#include "engine/port/checksum.h"

namespace podtail {
namespace {

// Files that were ever written by a state directory; anything else in it
// (lost+found) says nothing.
bool IsState(std::string_view name) {
  return name == kJournalName || name == kSnapshotNames[0] || name == kSnapshotNames[1] ||
         name == "losses" || name == "losses.1" || name.starts_with(kQuarantinePrefix);
}

// N of "quarantine.N.journal"; 0 for every other name.
std::uint64_t QuarantineNumber(std::string_view name) {
  std::uint64_t number = 0;
  if (!name.starts_with(kQuarantinePrefix)) return 0;
  name.remove_prefix(kQuarantinePrefix.size());
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

void TakeAnotherName(DurableJob* aside) {
  const std::uint64_t number = QuarantineNumber(aside->target);
  aside->target = std::string(kQuarantinePrefix) + std::to_string(number + 1) + '.' + aside->name;
}

Status Damage(std::string_view path, const StoreImage& image, std::uint64_t quarantine) {
  std::string message = "checkpoints in " + std::string(path) + " cannot be trusted:";
  for (const std::string& name : image.untrusted) message += ' ' + name;
  message += " set aside as " + std::string(kQuarantinePrefix) + std::to_string(quarantine);
  message += image.live_slot < 0 ? ".*; every log is read again"
                                 : ".*; going on from an earlier state, what came after it is "
                                   "read again";
  return Status(StatusCode::kDataLoss, message);
}

}  // namespace

FileCheckpointStore::FileCheckpointStore(DurableDirectory* directory,
                                         FileCheckpointStoreOptions options)
    : directory_(directory), options_(options) {}

Expected<LoadedCheckpoints> FileCheckpointStore::Load() {
  PODTAIL_DCHECK(!loaded_);
  const auto files = directory_->List();
  if (!files) return Unexpected(files.error());
  auto image = ReadStoreImage(directory_, *files);
  if (!image) return Unexpected(std::move(image).error());

  LoadedCheckpoints loaded;
  loaded.fresh = std::none_of(files->begin(), files->end(),
                              [](const DurableFile& file) { return IsState(file.name); });
  if (!image->untrusted.empty()) {
    PlanQuarantine(*files, *image);
    loaded.damage = Damage(directory_->path(), *image, QuarantineNumber(aside_.front().target));
  }
  // From now on a file without a checkpoint was never read: the next start has
  // to see that there was this one.
  unsaved_ = loaded.fresh || image->live_slot < 0 || !image->untrusted.empty();
  checkpoints_ = std::move(image->checkpoints);
  live_slot_ = image->live_slot;
  generation_ = image->generation;
  snapshot_bytes_ = image->snapshot_bytes;
  loaded.checkpoints.reserve(checkpoints_.size());
  for (const auto& [file, checkpoint] : checkpoints_) loaded.checkpoints.push_back(checkpoint);
  loaded_ = true;
  return loaded;
}

// Keeps this quarantine and the one before it.
void FileCheckpointStore::PlanQuarantine(const std::vector<DurableFile>& files,
                                         const StoreImage& image) {
  std::uint64_t last = 0;
  for (const DurableFile& file : files) last = std::max(last, QuarantineNumber(file.name));
  for (const std::string& name : image.untrusted) {
    DurableJob job{DurableJob::Kind::kRename, name};
    job.target = std::string(kQuarantinePrefix) + std::to_string(last + 1) + '.' + name;
    aside_.push_back(std::move(job));
  }
  for (const DurableFile& file : files) {
    const std::uint64_t number = QuarantineNumber(file.name);
    if (number != 0 && number < last) aside_.push_back({DurableJob::Kind::kRemove, file.name});
  }
}

WriteSequence FileCheckpointStore::Submit(CheckpointEdit edit) {
  PODTAIL_DCHECK(loaded_);
  for (Checkpoint& checkpoint : edit.put) {
    const FileIdentity file = checkpoint.file;
    const auto [entry, added] = checkpoints_.try_emplace(file);
    if (!added && entry->second == checkpoint) continue;
    entry->second = std::move(checkpoint);
    changed_.insert(file);
  }
  for (const FileIdentity& file : edit.forget) {
    if (checkpoints_.erase(file) > 0) changed_.insert(file);
  }
  submitted_ = WriteSequence{static_cast<std::uint64_t>(submitted_) + 1};
  return submitted_;
}

WriteProgress FileCheckpointStore::Poll(const Tick& tick) {
  if (job_) {
    if (auto result = directory_->TakeResult(*job_)) {
      job_.reset();
      Finish(std::move(*result), tick.now);
    }
  }
  if (!job_ && loaded_ && !retry_.waiting(tick.now)) StartJob();
  WriteProgress progress;
  progress.durable = durable_;
  progress.trouble = retry_.trouble();
  progress.next = Instant::max();
  if (PODTAIL_MUTANT(kDurableWhenSubmitted)) progress.durable = submitted_;
  if (job_) {
    if (directory_->readiness_fd() < 0) progress.next = tick.now + kLookAtWriteAgain;
  } else if (!retry_.trouble().ok()) {
    progress.next = retry_.due();
  }
  return progress;
}

void FileCheckpointStore::StartJob() {
  if (!aside_.empty()) {
    step_ = Step::kAside;
    job_ = directory_->Submit(aside_.back());
  } else if (journal_ == Journal::kMissing) {
    StartJournal();
  } else if (!dirty()) {
    durable_ = submitted_;
  } else if (journal_ == Journal::kUnusable || unsaved_ ||
             journal_bytes_ > std::max(options_.journal_bytes_min, 4 * snapshot_bytes_)) {
    StartSnapshot();
  } else {
    StartAppend();
  }
}

void FileCheckpointStore::StartAppend() {
  std::string lines;
  for (const FileIdentity& file : changed_) {
    const auto entry = checkpoints_.find(file);
    if (entry != checkpoints_.end()) {
      AppendStoreLine(entry->second, &lines);
    } else {
      AppendStoreLine(Forget{file}, &lines);
    }
  }
  EditEnd end;
  end.edit = ++journal_edits_;
  end.lines = changed_.size();
  end.chain = Crc32(lines, journal_chain_);
  const std::size_t end_begin = lines.size();
  AppendStoreLine(end, &lines);
  journal_chain_ = Crc32(std::string_view(lines).substr(end_begin), end.chain);
  changed_.clear();

  step_ = Step::kAppend;
  carried_ = submitted_;
  DurableJob job{DurableJob::Kind::kAppend, std::string(kJournalName)};
  job.at = journal_bytes_;
  journal_bytes_ += lines.size();
  job.bytes = std::move(lines);
  job_ = directory_->Submit(std::move(job));
}

void FileCheckpointStore::StartSnapshot() {
  StoreHeader header{StoreFile::kSnapshot};
  header.generation = ++generation_;
  std::string lines;
  AppendStoreLine(header, &lines);
  for (const auto& [file, checkpoint] : checkpoints_) AppendStoreLine(checkpoint, &lines);
  snapshot_chain_ = Crc32(lines);
  AppendStoreLine(SnapshotEnd{checkpoints_.size(), snapshot_chain_}, &lines);
  changed_.clear();

  step_ = Step::kSnapshot;
  carried_ = submitted_;
  snapshot_bytes_ = lines.size();
  DurableJob job{DurableJob::Kind::kReplace, std::string(kSnapshotNames[live_slot_ == 0 ? 1 : 0])};
  job.bytes = std::move(lines);
  job_ = directory_->Submit(std::move(job));
}

void FileCheckpointStore::StartJournal() {
  StoreHeader header{StoreFile::kJournal};
  header.generation = generation_;
  header.chain = snapshot_chain_;
  DurableJob job{DurableJob::Kind::kReplace, std::string(kJournalName)};
  AppendStoreLine(header, &job.bytes);
  journal_bytes_ = job.bytes.size();
  journal_edits_ = 0;
  journal_chain_ = Crc32(job.bytes);
  step_ = Step::kJournal;
  job_ = directory_->Submit(std::move(job));
}

void FileCheckpointStore::Finish(Status result, Instant now) {
  // Somebody else has set it aside, or an attempt that reported failure did.
  const bool gone = step_ == Step::kAside && result.code() == StatusCode::kNotFound;
  if (!result.ok() && !gone) {
    const bool taken = result.code() == StatusCode::kFailedPrecondition;
    retry_.Failed(std::move(result), now);
    if (step_ == Step::kAside) {
      // Something has that name already, perhaps from an attempt that said it failed.
      if (taken) TakeAnotherName(&aside_.back());
      return;
    }
    if (step_ == Step::kAppend && PODTAIL_MUTANT(kAppendBehindTorn)) return;
    journal_ = Journal::kUnusable;
    unsaved_ = true;
    return;
  }
  switch (step_) {
    case Step::kAside:
      aside_.pop_back();
      break;
    case Step::kSnapshot:
      live_slot_ = live_slot_ == 0 ? 1 : 0;
      durable_ = carried_;
      unsaved_ = false;
      journal_ = Journal::kMissing;
      break;
    case Step::kJournal:
      journal_ = Journal::kOpen;
      retry_.Succeeded();
      break;
    case Step::kAppend:
      durable_ = carried_;
      retry_.Succeeded();
      break;
  }
}

}  // namespace podtail
