// SPDX-License-Identifier: Apache-2.0
// Looking at open files: grown, shrunk, deleted, or other bytes in their place.
#include <algorithm>
#include <array>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/tail/tailer_impl.h"
#include "podtail/observer.h"

namespace podtail {
namespace {

// Looking at a file costs about 1 us: at most 1 % of a core.
constexpr Duration kLookPerFile = std::chrono::microseconds(100);
// A directory with a name that is missing, or cannot be opened, is listed again.
constexpr Duration kListAgain = std::chrono::seconds(1);

// Announced, and nothing of it was read yet.
bool BeginsOtherwise(const Generation& generation) {
  std::array<char, kHeadBytesMax> bytes;
  const auto read = ReadWhole(generation.file.get(), 0, bytes);
  return read && !BeginsWith(generation.identity.head, {bytes.data(), *read});
}

}  // namespace

void Tailer::Impl::Look(const Tick& tick) {
  if (Blind() && tick.now >= next_look) {
    for (const auto& container : containers) {
      if (container != nullptr) LookIntoContainer(container.get(), tick);
    }
    const Duration by_files = kLookPerFile * static_cast<std::int64_t>(files_open);
    next_look = tick.now + std::max(options.look_interval, by_files);
  }
  if (tick.now < next_restless_look || restless.empty()) return;
  next_restless_look = tick.now + options.look_interval;
  found.clear();
  for (auto it = restless.begin(); it != restless.end();) {
    Container* container = Get(*it);
    if (container != nullptr) {
      if (!Blind()) LookIntoContainer(container, tick);
      QueueNext(container, tick);
    }
    if (container == nullptr || !Restless(*container, tick)) {
      it = restless.erase(it);
      continue;
    }
    const bool unclear = std::any_of(
        container->generations.begin(), container->generations.end(),
        [](const auto& generation) { return generation->missed > 0 || generation->refused; });
    if (!Blind() && unclear && tick.now >= container->lists_at) {
      container->lists_at = tick.now + kListAgain;
      finder.LookIntoContainer(container->path, &found);
    }
    ++it;
  }
  for (const FoundDirectory& directory : found) Reconcile(directory, tick);
  Pin(tick);
}

void Tailer::Impl::LookIntoContainer(Container* container, const Tick& tick) {
  for (const auto& generation : container->generations) LookAt(generation.get(), tick);
  QueueNext(container, tick);
  if (Restless(*container, tick)) Stir(container);
}

// Something has to be waited for: a successor, an end, a name that is missing.
bool Tailer::Impl::Restless(const Container& container, const Tick& tick) const {
  std::size_t active = 0;
  for (const auto& generation : container.generations) {
    if (generation->missed > 0 || generation->refused) return true;
    if (!generation->active()) continue;
    if (generation->deleted || generation->elsewhere) return true;
    if (generation->wakes_at > tick.now) return true;
    if (generation->archive != nullptr || generation->drained) return true;
    ++active;
  }
  return active > 1;
}

// True when there is news.
bool Tailer::Impl::LookAt(Generation* generation, const Tick& tick) {
  if (generation->file == nullptr || !generation->active()) return false;
  const auto stat = generation->file->Stat();
  return stat && TakeStat(generation, *stat, tick);
}

bool Tailer::Impl::TakeStat(Generation* generation, const FileStat& stat, const Tick& tick) {
  generation->looked_at = ++looks;
  const bool touched = stat.modify_time != generation->modify_time;
  const bool gone = stat.deleted && !generation->deleted;
  generation->deleted = stat.deleted;
  if (gone && generation->state == GenerationState::kReading && PODTAIL_MUTANT(kDropDeleted)) {
    CloseFile(generation);
    return true;
  }
  generation->modify_time = stat.modify_time;
  if (generation->archive != nullptr) {
    if (stat.size == generation->disk_bytes) {
      // Its head could not be read, or not yet be told from another's.
      if (generation->may_announce()) QueueOpening(generation);
      return gone;
    }
    generation->disk_bytes = stat.size;  // it was written to in place: there may be more
    generation->drained = false;
    generation->whole = false;
    generation->rests_since = tick.now;
    if (generation->may_announce()) QueueOpening(generation);
    return true;
  }
  const bool grown = stat.size != generation->size;
  if (generation->state == GenerationState::kReading) {
    const bool refilled = touched && !grown && stat.size == generation->offset;
    const bool shrank = stat.size < generation->size;
    if (stat.size < generation->offset ||
        ((refilled || shrank) && BytesBeforeOffsetDiffer(generation))) {
      Restart(generation, generation->size);
    }
  }
  // Whoever wrote a file that was deleted has had no time to close it.
  if (grown || gone) generation->rests_since = tick.now;
  if (stat.size < generation->looked_to) generation->looked_to = stat.size;
  generation->size = stat.size;
  if (generation->may_announce()) QueueOpening(generation);
  return grown || gone;
}

// A file that was emptied, and filled again to the very size it had or to less than
// was there to read.
bool Tailer::Impl::BytesBeforeOffsetDiffer(Generation* generation) {
  if (generation->offset == 0) return BeginsOtherwise(*generation);
  if (generation->tail.bytes == 0) return false;
  std::array<char, kTailBytesMax> bytes;
  const auto read = ReadWhole(generation->file.get(), generation->offset - generation->tail.bytes,
                              std::span<char>(bytes).first(generation->tail.bytes));
  if (!read) return false;  // an I/O error says nothing about the bytes
  return *read != generation->tail.bytes ||
         TailMarker(bytes.data() + *read, *read) != generation->tail;
}

// Deleted files are kept by their descriptors, up to a budget of bytes and of
// descriptors; beyond it what the oldest of them hold is lost, and said to be.
void Tailer::Impl::Pin(const Tick& tick) {
  std::vector<Generation*> pinned;
  std::uint64_t bytes = 0;
  for (const ContainerId id : restless) {
    const Container* container = Get(id);
    if (container == nullptr) continue;
    for (const auto& generation : container->generations) {
      if (!generation->active() || !generation->deleted || generation->file == nullptr) continue;
      if (generation->unread() == 0) continue;
      pinned.push_back(generation.get());
      bytes += generation->unread();
    }
  }
  const std::size_t files_max = std::max<std::size_t>(1, options.open_files_max / 2);
  if (bytes <= options.pinned_bytes_max && pinned.size() <= files_max) return;
  std::stable_sort(pinned.begin(), pinned.end(), [](const Generation* a, const Generation* b) {
    return a->found_at < b->found_at;
  });
  std::size_t left = pinned.size();
  for (Generation* generation : pinned) {
    if (bytes <= options.pinned_bytes_max && left <= files_max) return;
    bytes -= generation->unread();
    --left;
    Unpin(generation, tick);
  }
}

void Tailer::Impl::Unpin(Generation* generation, const Tick& tick) {
  if (generation->state == GenerationState::kNew &&
      TryAnnounce(generation, true, tick) == AnnounceResult::kMerged) {
    return;
  }
  if (generation->state != GenerationState::kReading) {
    finder.Skip(generation->name.path, SkipReason::kMissed);
    generation->state = GenerationState::kRetired;
    FinishBefore(*generation);
    CloseFile(generation);
    return;
  }
  if (generation->size > generation->offset) {
    output->gaps.push_back(
        {generation->source, {generation->offset, generation->size}, LossReason::kUnpinned});
  }
  Close(generation);
  output->closed.back().gone = true;
  CloseFile(generation);
}

}  // namespace podtail
