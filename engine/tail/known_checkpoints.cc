// SPDX-License-Identifier: Apache-2.0
#include "engine/tail/known_checkpoints.h"

#include <array>

#include "podtail/pod_log_path.h"

namespace podtail {
namespace {

// The head of the shortest CRI line: a time of whole seconds, a stream and a tag.
constexpr std::uint32_t kProofBytesMin = 30;

}  // namespace

void KnownCheckpoints::Restore(std::span<const Checkpoint> checkpoints) {
  for (const Checkpoint& checkpoint : checkpoints) {
    by_key_.emplace(KeyOf(checkpoint.file), known_.size());
    by_head_.emplace(checkpoint.file.head.hash, known_.size());
    known_.push_back({checkpoint});
  }
}

void KnownCheckpoints::SetAlive(const InstanceKey& key, bool alive) {
  const auto [first, last] = by_key_.equal_range(key);
  for (auto it = first; it != last; ++it) known_[it->second].alive = alive;
}

KnownCheckpoints::Answer KnownCheckpoints::Take(const Seeker& seeker, bool pass_complete,
                                                Checkpoint* found) {
  const auto take = [&](Known* known) {
    known->taken = true;
    *found = std::move(known->checkpoint);
    return Answer::kFound;
  };
  const auto [same, same_end] = by_key_.equal_range(KeyOf(*seeker.identity));
  for (auto it = same; it != same_end; ++it) {
    Known& known = known_[it->second];
    if (known.taken || !BeginsWith(known.checkpoint.file.head, seeker.first_bytes)) continue;
    const There there = StillThere(known.checkpoint, seeker);
    if (there == There::kLater) return Answer::kAskAgain;
    if (there == There::kFailed) return Answer::kFailed;
    if (there == There::kYes) return take(&known);
  }
  Known* best = nullptr;
  const auto [first, last] = by_head_.equal_range(seeker.identity->head.hash);
  for (auto it = first; it != last; ++it) {
    Known& known = known_[it->second];
    if (known.taken || known.alive || known.checkpoint.file.head != seeker.identity->head ||
        !MayBe(known.checkpoint, seeker.path)) {
      continue;
    }
    if (!pass_complete) return Answer::kAskAfterPass;
    const There there = StillThere(known.checkpoint, seeker);
    if (there == There::kLater) return Answer::kAskAgain;
    if (there == There::kFailed) return Answer::kFailed;
    if (there == There::kNo) continue;
    // Among several the one furthest back: what is read twice is not lost.
    if (best == nullptr || known.checkpoint.committed.offset < best->checkpoint.committed.offset) {
      best = &known;
    }
  }
  return best == nullptr ? Answer::kUnknown : take(best);
}

bool KnownCheckpoints::MayBe(const Checkpoint& checkpoint, std::string_view path) {
  // Before the first line there are no bytes to prove it, and none that are skipped.
  const Marker& proof =
      checkpoint.committed.offset == 0 ? checkpoint.file.head : checkpoint.committed.tail;
  if (proof.bytes < kProofBytesMin) return false;
  const auto was = ParsePodLogPath(checkpoint.path);
  const auto is = ParsePodLogPath(path);
  return was && is && was->pod_uid == is->pod_uid && was->pod_name == is->pod_name &&
         was->namespace_name == is->namespace_name && was->container_name == is->container_name &&
         was->restart_count == is->restart_count;
}

KnownCheckpoints::There KnownCheckpoints::StillThere(const Checkpoint& checkpoint,
                                                     const Seeker& seeker) {
  const ResumePoint& committed = checkpoint.committed;
  if (committed.tail.bytes > committed.offset) return There::kNo;
  if (committed.offset == 0) return There::kYes;
  if (seeker.archive != nullptr) {
    // One that was read to its end need not be decoded to see that.
    const auto trailer = seeker.archive->TrailerSize();
    if (!trailer) return There::kFailed;
    if (*trailer && **trailer == static_cast<std::uint32_t>(committed.offset)) return There::kYes;
    const auto reached = seeker.archive->Advance(committed.offset, seeker.decode_bytes_max);
    if (!reached) return There::kFailed;
    if (!*reached) return There::kLater;
    // Cut short when it was compressed: it is the same file as far as it goes, and
    // all of that was delivered.
    if (seeker.archive->end() != GzipLogFile::End::kNotReached &&
        seeker.archive->decoded() < committed.offset) {
      return seeker.archive->end() == GzipLogFile::End::kClean ? There::kNo : There::kYes;
    }
  } else if (committed.offset > seeker.size) {
    return There::kNo;
  }
  std::array<char, kTailBytesMax> bytes;
  if (committed.tail.bytes == 0 || committed.tail.bytes > bytes.size()) return There::kNo;
  const auto read = ReadWhole(seeker.file, committed.offset - committed.tail.bytes,
                              std::span<char>(bytes).first(committed.tail.bytes));
  if (!read) return There::kFailed;
  const bool same =
      *read == committed.tail.bytes && TailMarker(bytes.data() + *read, *read) == committed.tail;
  return same ? There::kYes : There::kNo;
}

}  // namespace podtail
