// SPDX-License-Identifier: Apache-2.0
// Losses, counters, and the sum over every byte at the end.
#include <algorithm>

#include "engine/sim/sim_oracle.h"

namespace podtail {

void SimOracle::OnFileSkipped(std::string_view path, SkipReason reason) {
  trace_->Note("skipped", path, static_cast<std::uint64_t>(reason));
  switch (reason) {
    case SkipReason::kLinkOutside:
      return trace_->Hit(SimMark::kLinkSkipped);
    case SkipReason::kNotRegular:
      return trace_->Hit(SimMark::kSpecialSkipped);
    case SkipReason::kUnparsedPath:
      return trace_->Hit(SimMark::kForeignSkipped);
    case SkipReason::kNotPermitted:
      return trace_->Hit(SimMark::kNotPermitted);
    case SkipReason::kMissed:
      return trace_->Hit(SimMark::kMissed);
    case SkipReason::kTooManyOpen:
      return trace_->Hit(SimMark::kTooManyOpen);
    case SkipReason::kUnreadable:
      return trace_->Hit(SimMark::kUnreadable);
    default:
      return;
  }
}

void SimOracle::OnMalformedLine(std::string_view /*path*/, Extent /*extent*/, CriError error) {
  if (error == CriError::kTag) trace_->Hit(SimMark::kTagMissing);
  if (error == CriError::kStream) trace_->Hit(SimMark::kStreamUnknown);
}

void SimOracle::OnShed(const PodResource& resource, std::size_t /*bytes*/) {
  trace_->Note("shed", resource.container_name);
  trace_->Hit(SimMark::kShed);
  ++sheds_;
}

void SimOracle::LossAppended(WriteSequence sequence, const LossEntry& entry) {
  const bool gap = static_cast<std::uint8_t>(entry.reason) < 16;
  trace_->Note(gap ? "gap" : "dead letter", entry.path, entry.extent.begin, entry.extent.end);
  if (gap) {
    ++gaps_;
    gap_bytes_ += entry.bytes;
    trace_->Hit(SimMark::kGap);
    if (entry.reason == LossReason::kOverflow) trace_->Hit(SimMark::kOverflowDropped);
    if (entry.reason == LossReason::kUnpinned) trace_->Hit(SimMark::kUnpinned);
  }
  SimGeneration* generation = nullptr;
  for (SimGeneration* each : Resolve(entry.file)) {
    const bool reaches = each->size() >= entry.extent.end;
    const bool accounted =
        entry.extent.end > entry.extent.begin && each->Accounted(entry.extent.end - 1);
    if (generation == nullptr || (reaches && !accounted)) generation = each;
  }
  if (generation == nullptr) {
    Fail("I1", "a loss of a file that never was: " + std::string(entry.path));
    return;
  }
  PendingLoss loss{sequence, {}};
  const std::uint64_t extent_bytes = entry.extent.end - entry.extent.begin;
  if (entry.bytes == extent_bytes) {
    loss.ranges.push_back({generation, entry.extent});
  } else {
    for (const int stream : {0, 1}) {
      SimRanges own;
      std::string body;
      std::uint64_t bytes = 0;
      generation->Own(entry.extent, stream, &own, &body);
      for (const Extent& range : own) bytes += range.end - range.begin;
      if (bytes != entry.bytes || own.empty() || own.front().begin != entry.extent.begin) continue;
      for (const Extent& range : own) loss.ranges.push_back({generation, range});
      break;
    }
    if (loss.ranges.empty()) {
      Fail("I1", "a loss of " + std::to_string(entry.bytes) +
                     " bytes that are nobody's: " + Where(*generation, entry.extent.begin));
      return;
    }
  }
  for (const Owned& range : loss.ranges) {
    for (std::uint64_t at = range.range.begin; gap && at < range.range.end; ++at) {
      const std::uint32_t owner = generation->OwnerAt(at);
      if (owner != 0 && records_[owner].settled_life == life_ && sheds_ == 0) {
        Fail("I1", "declared lost, and was delivered: " + records_[owner].words);
        return;
      }
    }
  }
  losses_.push_back(std::move(loss));
}

void SimOracle::LossDurable(WriteSequence durable) {
  while (!losses_.empty() && losses_.front().sequence <= durable) {
    for (const Owned& owned : losses_.front().ranges) {
      owned.generation->Mark(owned.range, SimGeneration::kLost);
    }
    losses_.pop_front();
  }
}

void SimOracle::CheckCounters(const EngineCounters& counters) {
  if (sheds_ > 0) return;
  const auto compare = [&](std::string_view name, std::uint64_t says, std::uint64_t is) {
    if (says == is) return;
    Fail("I10", std::string(name) + " says " + std::to_string(says) + ", and it was " +
                    std::to_string(is));
  };
  compare("records_delivered", counters.records_delivered, delivered_);
  compare("records_refused", counters.records_refused, refused_);
  compare("gaps", counters.gaps, gaps_);
  compare("gap_bytes", counters.gap_bytes, gap_bytes_);
}

// Of a drained engine: what was settled is committed.
void SimOracle::CheckStopped(const EngineCounters& counters) {
  if (options.long_lines || counters.uncommitted_bytes > 0 || !options.strong_identity || weak_)
    return;
  trace_->Hit(SimMark::kStoppedClean);
  for (const auto& generation : generations_) {
    if (generation->opened_life != life_ || generation->cut || generation->forgotten ||
        generation->carriers == 0 || generation->compressed ||
        generation->SettledTo() <= generation->settled_before) {
      continue;
    }
    if (generation->put_durable < generation->SettledTo()) {
      Fail("I12", "stopped, and " + std::to_string(generation->SettledTo()) +
                      " bytes are settled of which " + std::to_string(generation->put_durable) +
                      " are committed: " + Where(*generation, 0));
    }
  }
}

// A fragment whose run has no end yet may wait for it. In the end every run has one: the
// writers of live instances write it, and the instances before them are finished.
bool SimOracle::MayWait(const SimGeneration& generation, const SimLine& line) {
  if (!line.ends) return true;
  if (!line.cri || !line.partial) return false;
  // This life keeps a moved file beside those it knew, the next one beside others, and
  // what the writer goes on with stands where it was moved to.
  const auto& all = by_directory_[generation.directory];
  return std::any_of(all.begin(), all.end(), [&](const SimGeneration* other) {
    return other->moved && other->restart == generation.restart;
  });
}

void SimOracle::CheckGeneration(SimGeneration* generation) {
  for (const SimLine& line : generation->Lines()) {
    for (std::uint64_t at = line.begin; at < line.end; ++at) {
      if (generation->Accounted(at)) continue;
      // The size of a file that was cut and is longer by the next look says nothing about
      // the bytes that it was before.
      const std::uint64_t seen = generation->cut ? generation->read_to : generation->seen_to;
      const bool unseen = generation->Gone(at) && at >= seen;
      if (generation->excused || at >= generation->excused_from || unseen) {
        trace_->Hit(SimMark::kLostUnseen);
        return;
      }
      if (MayWait(*generation, line)) {
        trace_->Hit(SimMark::kWaitsAtTheEnd);
        break;
      }
      std::string what = "a byte is neither accepted nor lost nor waiting";
      if (generation->OwnerAt(at) != 0) what = "a byte was sent and never acknowledged";
      Fail("I1", what + ": " + Where(*generation, at) + " of " +
                     std::to_string(generation->size()) + ", line \"" +
                     generation->bytes.substr(static_cast<std::size_t>(line.begin),
                                              static_cast<std::size_t>(std::min<std::uint64_t>(
                                                  line.end - line.begin, 70))) +
                     "\"");
      return;
    }
  }
}

void SimOracle::CheckConserved() {
  for (const auto& generation : generations_) {
    if (trace_->failed()) return;
    CheckGeneration(generation.get());
    CheckOrder(*generation);
  }
}

}  // namespace podtail
