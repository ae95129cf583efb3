// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/run_observer.h"

#include <functional>
#include <utility>

#include "podtail/pod_resource.h"

namespace podtail {
namespace {

// 40 bytes each. A tree with more skipped files than this counts some of them
// again at every pass.
constexpr std::size_t kSaidMax = 65'536;

struct SkipWords {
  std::string_view name;  // in the summary
  std::string_view message;
};

SkipWords WordsOf(SkipReason reason) {
  switch (reason) {
    case SkipReason::kLinkOutside:
      return {"link_outside", "a link that leads where podtail may not follow (--follow-into)"};
    case SkipReason::kNotRegular:
      return {"not_regular", "not a regular file"};
    case SkipReason::kUnparsedPath:
      return {"unparsed_path", "not a container's log"};
    case SkipReason::kNotPermitted:
      return {"not_permitted", "permission denied, tried again at every pass"};
    case SkipReason::kMissed:
      return {"missed", "gone before it could be opened"};
    case SkipReason::kTooManyOpen:
      return {"too_many_open", "no descriptor left, tried again at every pass"};
    case SkipReason::kUnreadable:
      break;
  }
  return {"unreadable",
          "an I/O error, tried again every second, or not the gzip file it should be"};
}

std::string_view NameOf(CriError error) {
  switch (error) {
    case CriError::kTimestamp:
      return "timestamp";
    case CriError::kStream:
      return "stream";
    case CriError::kTag:
      break;
  }
  return "tag";
}

std::string_view NameOf(LossReason reason) {
  switch (reason) {
    case LossReason::kTruncated:
      return "truncated";
    case LossReason::kUnpinned:
      return "unpinned";
    case LossReason::kUnreadable:
      return "unreadable";
    case LossReason::kNulRun:
      return "nul_run";
    case LossReason::kOverflow:
      return "overflow";
    case LossReason::kRefused:
      return "refused";
    case LossReason::kTooOld:
      return "too_old";
    case LossReason::kTooLarge:
      return "too_large";
    case LossReason::kPoison:
      break;
  }
  return "poison";
}

std::string ContainerOf(const PodResource& pod) {
  return pod.namespace_name + "/" + pod.pod_name + "/" + pod.container_name;
}

}  // namespace

RunObserver::RunObserver(EventLog* log, std::string sink) : log_(log), sink_(std::move(sink)) {}

void RunObserver::OnFileOpened(std::string_view path, std::uint64_t offset) {
  log_->Write(EventLevel::kDebug, "file_opened", "reading",
              {{"path", path}, {"offset", offset}, {"sink", sink_}});
}

void RunObserver::OnFileRotated(std::string_view path) {
  log_->Write(EventLevel::kDebug, "file_rotated", "renamed, read on through its descriptor",
              {{"path", path}, {"sink", sink_}});
}

void RunObserver::OnFileSkipped(std::string_view path, SkipReason reason) {
  const auto index = static_cast<std::size_t>(reason);
  const std::size_t hash = std::hash<std::string_view>()(path) * 31 + index;
  if (said_.contains(hash)) return;
  if (said_.size() < kSaidMax) said_.insert(hash);
  if (index < kSkipReasons) ++skipped_[index];
  log_->Write(EventLevel::kWarn, "file_skipped", WordsOf(reason).message,
              {{"path", path}, {"reason", WordsOf(reason).name}, {"sink", sink_}});
}

void RunObserver::OnMalformedLine(std::string_view path, Extent extent, CriError error) {
  log_->Write(
      EventLevel::kWarn, "malformed_line", "not a CRI line, delivered as it is",
      {{"path", path}, {"offset", extent.begin}, {"field", NameOf(error)}, {"sink", sink_}});
}

void RunObserver::OnLoss(const LossEntry& entry) {
  const bool gap = entry.record == nullptr;
  log_->Write(EventLevel::kError, gap ? "gap" : "dead_letter",
              gap ? "bytes were not delivered" : "the sink will not take a record",
              {{"path", entry.path},
               {"reason", NameOf(entry.reason)},
               {"begin", entry.extent.begin},
               {"end", entry.extent.end},
               {"bytes", entry.bytes},
               {"detail", entry.detail},
               {"sink", sink_}});
}

void RunObserver::OnExportRetry(const PodResource& pod, const Status& why) {
  log_->Write(EventLevel::kWarn, "export_retry", "not delivered, tried again",
              {{"container", ContainerOf(pod)}, {"why", why.message()}, {"sink", sink_}});
}

void RunObserver::OnExportHeld(std::string_view exporter, const Status& why) {
  log_->Write(EventLevel::kError, "export_held",
              "the sink refuses podtail: somebody must mend that",
              {{"exporter", exporter}, {"why", why.message()}, {"sink", sink_}});
}

void RunObserver::OnShed(const PodResource& pod, std::size_t bytes) {
  log_->Write(EventLevel::kInfo, "shed",
              "a blocked container gives its memory to others and is read again later",
              {{"container", ContainerOf(pod)}, {"bytes", bytes}, {"sink", sink_}});
}

void RunObserver::OnStateTrouble(const Status& why) {
  log_->Write(EventLevel::kError, "state_trouble",
              "positions or losses cannot be written; delivery goes on, commits wait",
              {{"why", why.message()}, {"sink", sink_}});
}

void RunObserver::SaySkipped() const {
  std::uint64_t total = 0;
  std::string reasons;
  for (std::size_t i = 1; i < kSkipReasons; ++i) {
    total += skipped_[i];
    if (skipped_[i] == 0) continue;
    if (!reasons.empty()) reasons.push_back(' ');
    reasons.append(WordsOf(static_cast<SkipReason>(i)).name);
    reasons.push_back('=');
    reasons.append(std::to_string(skipped_[i]));
  }
  if (total == 0) return;
  log_->Write(EventLevel::kWarn, "files_skipped", "files found and not read",
              {{"files", total}, {"reasons", reasons}, {"sink", sink_}});
}

}  // namespace podtail
