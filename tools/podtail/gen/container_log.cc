// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/gen/container_log.h"

#include <algorithm>
#include <utility>

namespace podtail::gen {
namespace {

constexpr std::size_t kStdout = 0;
constexpr std::size_t kStderr = 1;
constexpr std::size_t kExactTimeBytes = 30;  // 2026-11-22T13:59:29.967213710Z

}  // namespace

ContainerLog::ContainerLog(Node* node, std::string directory, InstanceSummary summary,
                           std::size_t flush_bytes)
    : node_(node),
      directory_(std::move(directory)),
      flush_bytes_(flush_bytes),
      summary_(std::move(summary)) {}

Expected<std::unique_ptr<ContainerLog>> ContainerLog::Open(Node* node, std::string directory,
                                                           InstanceSummary summary, bool resumed,
                                                           std::size_t flush_bytes) {
  std::unique_ptr<ContainerLog> log(
      new ContainerLog(node, std::move(directory), std::move(summary), flush_bytes));
  if (Status status = log->OpenLive(); !status.ok()) return Unexpected(std::move(status));
  if (node->options.dangling_stderr && !resumed) log->WriteDangling();
  return log;
}

Status ContainerLog::OpenLive() {
  const std::uint64_t instance = summary_.restart_count;
  if (!rotation_) rotation_.emplace(directory_, instance, node_->options.rotation);
  Expected<LogFile> file = LogFile::Open(directory_ + "/" + std::to_string(instance) + ".log");
  if (!file) return std::move(file).error();
  file_ = *std::move(file);
  return Status();
}

Status ContainerLog::WriteLine() {
  const std::size_t which = PickStream();
  if (!streams_[which].open) BeginRecord(which);
  WriteFragment(which, CutFragment(streams_[which]));
  if (file_->pending()->size() >= flush_bytes_) {
    if (Status status = file_->Flush(); !status.ok()) return status;
  }
  const std::uint64_t size_max = node_->options.rotation.size_max;
  return size_max != 0 && file_->size() >= size_max ? Rotate() : Status();
}

// 5 % of the records are on stderr. While a run of stdout is open the other
// stream has every second line; a run of stderr stays open for many lines.
std::size_t ContainerLog::PickStream() {
  if (node_->options.dangling_stderr) return kStdout;
  const std::uint64_t one_in = streams_[kStdout].open ? 2 : 20;
  return node_->rng.OneIn(one_in) ? kStderr : kStdout;
}

// containerd stamps each line; its two streams race, so stderr may be a little
// behind, but never behind itself. conmon stamps each read, which often holds
// several lines.
std::int64_t ContainerLog::NextTime(std::size_t which) {
  const std::int64_t last = streams_[which].last;
  if (node_->options.runtime == Runtime::kConmon) {
    if (last != 0 && node_->rng.OneIn(2)) return last;
    return std::max(last, node_->clock->Next());
  }
  std::int64_t time = node_->clock->Next();
  if (which == kStderr && node_->rng.OneIn(64)) {
    time -= static_cast<std::int64_t>(node_->rng.Below(2'000'000));
  }
  return std::max(time, last + 1);
}

void ContainerLog::BeginRecord(std::size_t which) {
  Stream& stream = streams_[which];
  stream.time = NextTime(which);
  stream.record.clear();
  node_->utc.AppendExact(stream.time, &stream.record);
  stream.record.push_back(' ');
  node_->mix.Append(stream.time, &stream.record);
  stream.written = 0;
  stream.open = true;
}

std::string_view ContainerLog::Body(const Stream& stream) const {
  return std::string_view(stream.record).substr(kExactTimeBytes + 1);
}

// containerd collects up to the limit. conmon writes what one read of 8 KiB
// brought, which begins anywhere in a line and ends with what fits; the LF is
// one of these bytes, so an F may be empty.
ContainerLog::Cut ContainerLog::CutFragment(const Stream& stream) {
  const std::size_t rest = Body(stream).size() - stream.written;
  const std::size_t max = FragmentBytesMax(node_->options.runtime);
  if (node_->options.runtime == Runtime::kContainerd) return {std::min(rest, max), rest <= max};
  std::size_t room = max;
  if (stream.written == 0 && (rest + 1 > max || node_->rng.OneIn(64))) {
    room = node_->rng.OneIn(4) ? max : 1 + node_->rng.Below(max);
  }
  return {std::min(rest, room), rest + 1 <= room};
}

void ContainerLog::AppendHeader(std::size_t which, std::int64_t time, char tag) {
  std::string* const out = file_->pending();
  if (node_->options.runtime == Runtime::kContainerd) {
    node_->local.AppendTrimmed(time, out);
  } else {
    node_->local.AppendFixed(time, out);
  }
  out->append(which == kStdout ? " stdout " : " stderr ");
  out->push_back(tag);
  out->push_back(' ');
}

void ContainerLog::WriteFragment(std::size_t which, Cut cut) {
  Stream& stream = streams_[which];
  std::string* const out = file_->pending();
  const std::size_t before = out->size();
  AppendHeader(which, stream.time, cut.full ? 'F' : 'P');
  out->append(Body(stream).substr(stream.written, cut.bytes)).push_back('\n');
  stream.last = stream.time;
  stream.written += cut.bytes;
  stream.open = !cut.full;
  node_->totals.bytes += out->size() - before;
  ++node_->totals.lines;
  if (stream.open) {
    stream.time = NextTime(which);
    return;
  }
  stream.record.push_back('\n');
  stream.digest.Add(stream.record);
  ++summary_.streams[which].records;
  ++node_->totals.records;
}

// A prompt that nobody answers.
void ContainerLog::WriteDangling() {
  constexpr std::string_view kPrompt = "password: ";
  std::string* const out = file_->pending();
  const std::size_t before = out->size();
  AppendHeader(kStderr, NextTime(kStderr), 'P');
  out->append(kPrompt).push_back('\n');
  node_->totals.bytes += out->size() - before;
  ++node_->totals.lines;
  ++summary_.streams[kStderr].dangling_fragments;
  summary_.streams[kStderr].dangling_bytes += kPrompt.size();
}

// When containerd is told to reopen it writes what it has of a line into the old
// file, as P; the rest of that line comes in the new one.
Status ContainerLog::Rotate() {
  Stream& stream = streams_[kStdout];
  if (node_->options.runtime == Runtime::kContainerd && node_->rng.OneIn(4) && !stream.open) {
    BeginRecord(kStdout);
    const std::size_t bytes = Body(stream).size();
    const std::size_t max = FragmentBytesMax(Runtime::kContainerd);
    if (bytes > 1) {
      WriteFragment(kStdout, {1 + node_->rng.Below(std::min(bytes, max) - 1), false});
    } else {
      WriteFragment(kStdout, {bytes, true});
    }
  }
  if (Status status = file_->Flush(); !status.ok()) return status;
  const std::int64_t now = std::max(streams_[kStdout].last, streams_[kStderr].last);
  Status status = rotation_->Rotate(now / kSecond + node_->options.zone_minutes * 60);
  if (!status.ok()) return status;
  ++node_->totals.rotations;
  return OpenLive();
}

Status ContainerLog::Finish() {
  for (std::size_t which = 0; which < streams_.size(); ++which) {
    Stream& stream = streams_[which];
    while (stream.open) WriteFragment(which, CutFragment(stream));
    summary_.streams[which].sha256 = stream.digest.Finish();
  }
  return file_->Flush();
}

Status ContainerLog::Restart() {
  if (Status status = Finish(); !status.ok()) return status;
  InstanceSummary next;
  next.name_space = summary_.name_space;
  next.pod = summary_.pod;
  next.pod_uid = summary_.pod_uid;
  next.container = summary_.container;
  next.restart_count = summary_.restart_count + 1;
  Expected<std::vector<std::string>> files = rotation_->Files();
  if (!files) return std::move(files).error();
  summary_.files = *std::move(files);
  finished_.push_back(std::exchange(summary_, std::move(next)));
  streams_ = {};
  rotation_.reset();
  if (Status status = OpenLive(); !status.ok()) return status;
  if (node_->options.dangling_stderr) WriteDangling();
  return Status();
}

Status ContainerLog::AppendTo(std::vector<InstanceSummary>* instances) {
  Expected<std::vector<std::string>> files = rotation_->Files();
  if (!files) return std::move(files).error();
  summary_.files = *std::move(files);
  instances->insert(instances->end(), finished_.begin(), finished_.end());
  instances->push_back(summary_);
  return Status();
}

}  // namespace podtail::gen
