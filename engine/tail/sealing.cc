// SPDX-License-Identifier: Apache-2.0
// The end of a generation: nothing more will come, as far as anyone can tell.
#include <algorithm>
#include <tuple>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/tail/tailer_impl.h"

namespace podtail {

void Tailer::Impl::SealRested(const Tick& tick) {
  for (auto it = restless.begin(); it != restless.end(); ++it) {
    Container* container = Get(*it);
    if (container != nullptr && !container->paused) Seal(container, tick);
  }
}

void Tailer::Impl::Seal(Container* container, const Tick& tick) {
  auto& all = container->generations;
  for (std::size_t i = 0; i < all.size(); ++i) {  // sealing an archive may merge it away
    if (MaySeal(*container, i, tick)) SealOne(all[i].get(), tick);
  }
}

bool Tailer::Impl::MaySeal(const Container& container, std::size_t index, const Tick& tick) const {
  const Generation& generation = *container.generations[index];
  if (!generation.active() || generation.readable()) return false;
  if (generation.wakes_at > tick.now) return false;  // what could not be read has not ended
  // Nobody adds to an archive that has a proper end.
  if (generation.drained && generation.whole)
    return generation.file == nullptr || generation.archive;
  // Parked, and a listing says that nothing came to it: that is all of it.
  const bool parked = generation.state == GenerationState::kReading && !generation.name.compressed;
  if (generation.file == nullptr && !(parked && generation.size == generation.offset)) return false;
  if (generation.archive != nullptr && generation.archive->end() == GzipLogFile::End::kCorrupt) {
    return true;
  }
  const Duration grace = PODTAIL_MUTANT(kSealAtOnce) ? Duration::zero() : options.seal_grace;
  if (tick.now - generation.rests_since < grace) return false;
  if (generation.deleted || generation.archive != nullptr) return true;
  for (std::size_t i = index + 1; i < container.generations.size(); ++i) {
    const Generation& newer = *container.generations[i];
    // Writers change files late: the grace begins when there is a newer file.
    if (generation.looked_at < newer.met_at || tick.now - newer.found_at < grace) {
      continue;
    }
    // Of one instance: not before it is settled which lines came in time. But the next
    // one waits for the end of a line that came in pieces.
    if (!newer.SameInstance(generation) || newer.begun || generation.mid_line) return true;
  }
  return generation.elsewhere && IsFollowedElsewhere(generation, tick.now - grace);
}

// Its directory was moved, and where it stands now another container's newer file is what
// its writer goes on with.
bool Tailer::Impl::IsFollowedElsewhere(const Generation& moved, Instant before) const {
  const auto place = by_path.find(moved.name.path.substr(0, moved.name.path.rfind('/')));
  if (place == by_path.end()) return false;
  const auto& there = Get(place->second)->generations;
  return std::any_of(there.begin(), there.end(), [&](const auto& other) {
    return other->name.restart_count >= moved.name.restart_count && other->met_at > moved.met_at &&
           moved.looked_at > other->met_at && other->found_at <= before;
  });
}

void Tailer::Impl::SealOne(Generation* generation, const Tick& tick) {
  if (generation->state == GenerationState::kNew) {
    // Never had a whole line: what there is must do for an identity.
    // What waits for another file, or could not be read, is asked again, not given up.
    const bool unread = generation->archive != nullptr && !generation->drained;
    if ((generation->size > 0 || unread) &&
        TryAnnounce(generation, true, tick) != AnnounceResult::kDone) {
      return;
    }
    if (generation->state == GenerationState::kNew) {
      if (generation->archive != nullptr && !generation->whole) {
        finder.Skip(generation->name.path, SkipReason::kUnreadable);
      }
      if (generation->size == 0) {
        generation->state = GenerationState::kRetired;
        FinishBefore(*generation);
      }
      CloseFile(generation);
      return;
    }
  }
  if (generation->state != GenerationState::kReading) return;
  if (generation->readable() || !EmitRest(generation, tick)) return;
  if (generation->archive != nullptr && !generation->whole) {
    // Nobody can tell how much of it is missing.
    output->gaps.push_back(
        {generation->source, {generation->offset, generation->offset}, LossReason::kUnreadable});
  }
  Close(generation);
}

void Tailer::Impl::Close(Generation* generation) {
  output->closed.push_back({generation->source, generation->offset, FinishesInstance(*generation)});
  generation->state = GenerationState::kClosed;
  if (generation->archive != nullptr) CloseFile(generation);  // nobody adds to it
}

bool Tailer::Impl::FinishesInstance(const Generation& sealed) const {
  bool newer_instance = false, stays = !sealed.elsewhere;
  for (const auto& generation : sealed.container->generations) {
    if (generation.get() == &sealed) continue;
    const bool here = generation->missed == 0 && !generation->elsewhere;
    stays = stays || (generation->SameInstance(sealed) && here);
    // One that never held a byte ends nothing, and nobody hears of it when it is sealed.
    const bool empty = generation->state == GenerationState::kNew && !generation->start &&
                       !generation->name.compressed && generation->size == 0;
    if (generation->SameInstance(sealed) && generation->active() && !empty) return false;
    newer_instance = newer_instance || std::tie(generation->epoch, generation->name.restart_count) >
                                           std::tie(sealed.epoch, sealed.name.restart_count);
  }
  const bool gone = sealed.file == nullptr && sealed.missed > 0;
  return newer_instance || sealed.deleted || gone || !stays;
}

// The last file of an instance has not a byte, or was never opened, and so no source to
// say that the instance has ended: what was read before it says so once more.
void Tailer::Impl::FinishBefore(const Generation& silent) {
  const Generation* last = nullptr;
  for (const auto& generation : silent.container->generations) {
    const bool ended = generation->state == GenerationState::kClosed;
    if (ended && generation->SameInstance(silent)) last = generation.get();
  }
  if (last == nullptr || !FinishesInstance(silent)) return;
  output->closed.push_back({last->source, last->offset, true});
}

bool Tailer::Impl::WaitsForOlder(const Generation& generation, const Tick& tick) const {
  const auto& all = generation.container->generations;
  for (std::size_t i = 0; all[i].get() != &generation; ++i) {
    const Generation& older = *all[i];
    if (!older.active()) continue;
    if (older.readable() || older.mid_line || HoldsNext(*generation.container, i, tick))
      return true;
  }
  return false;
}

// A last line without its end.
bool Tailer::Impl::EmitRest(Generation* generation, const Tick& tick) {
  const std::uint64_t rest = generation->size - std::min(generation->size, generation->offset);
  if (rest == 0) return true;
  if (generation->file == nullptr) return false;
  if (!generation->announced_begin && WaitsForOlder(*generation, tick)) return false;
  const auto context =
      static_cast<std::size_t>(std::min<std::uint64_t>(generation->offset, kTailBytesMax));
  const std::size_t space = options.read_buffer_bytes - std::min(used, options.read_buffer_bytes);
  if (rest + context > space || lines_left == 0) return false;
  char* place = buffer.get() + used;
  // One byte more than there was at the last look: what has come since then belongs to it.
  const auto read = ReadWhole(generation->file.get(), generation->offset - context,
                              std::span<char>(place, context + static_cast<std::size_t>(rest) + 1));
  if (!read || *read != context + rest) return false;
  output->chunks.push_back({place, generation->offset - context});
  const std::string_view bytes(place + context, static_cast<std::size_t>(rest));
  if (bytes.find('\n') != std::string_view::npos) return false;  // it grew; read it as usual
  if (!generation->announced_begin) BeginReading(generation);
  Emit(generation, bytes, {generation->offset, generation->offset + rest}, false);
  generation->offset += rest;
  generation->tail = TailMarker(place + *read, *read);
  used += *read;
  bytes_read += rest;
  return true;
}

}  // namespace podtail
