// SPDX-License-Identifier: Apache-2.0
// Reading: which file is next, and its bytes as lines.
#include <algorithm>
#include <cstring>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/tail/tailer_impl.h"
#include "podtail/observer.h"

namespace podtail {
namespace {

// A read below this is not worth a system call; the rest waits for the next Poll.
constexpr std::size_t kReadBytesMin = 4 * 1024;
constexpr std::size_t kSliceLinesMin = 64;
// Of an archive that has to be decoded again up to where it goes on.
constexpr std::size_t kDecodeBytes = std::size_t{1024} * 1024;
constexpr Duration kReadErrorPause = std::chrono::seconds(1);

bool SameFile(const Generation& generation, std::string_view context, std::string_view fresh) {
  if (generation.archive != nullptr) return true;  // known by its head, and nobody writes it
  if (!context.empty()) {
    return TailMarker(context.data() + context.size(), context.size()) == generation.tail;
  }
  // Announced and not read yet: it may have been emptied and filled since.
  const Marker& head = generation.identity.head;
  return generation.offset > 0 || BeginsWith(head, fresh.substr(0, kHeadBytesMax));
}

}  // namespace

bool Tailer::Impl::Rested(const Generation& older, const Generation& newer,
                          const Tick& tick) const {
  if (older.readable()) return false;
  // Nobody adds to an archive.
  if (older.name.compressed && (older.archive != nullptr || older.file == nullptr)) return true;
  // Only a look after the newer one was there says that the older one has ended:
  // what was written between its last look and the rename is still to be read.
  if (older.looked_at < newer.met_at) return false;
  if (PODTAIL_MUTANT(kSwitchAtOnce)) return true;
  if (tick.now - std::max(older.rests_since, newer.found_at) >= options.switch_grace) return true;
  // Of what the first pass found, a file last written long ago need not be
  // watched: nobody waits for an old tree. Later a quiet file that is rotated may
  // still get the head of a line from its runtime's buffer.
  if (!newer.first_look) return false;
  return older.modify_time + options.switch_grace <= tick.wall;
}

// What comes behind it has to wait, although nothing of it can be read now.
bool Tailer::Impl::HoldsNext(const Container& container, std::size_t i, const Tick& tick) const {
  const auto& all = container.generations;
  const Generation& generation = *all[i];
  if (i + 1 == all.size()) return true;
  if (generation.state == GenerationState::kNew) {
    // Not opened yet, or no identity yet: its bytes come before the next one's.
    const bool unseen = generation.file == nullptr && generation.looked_at == 0;
    if (unseen || generation.may_announce()) return true;
  }
  // Its end came before its writer's: there may be more, until it is sealed.
  if (generation.archive != nullptr && !generation.whole) return true;
  // Where two newer ones stand, the first of them was rotated too: whoever wrote
  // this one has long been told.
  const bool same = !all[i + 1]->has_source && all[i + 1]->MayBeMadeOf(generation);
  const std::size_t other = i + (same ? 3 : 2);
  const bool settled = other < all.size() && all[other]->SameInstance(generation) &&
                       generation.looked_at > all[other]->met_at;
  return !settled && !Rested(generation, *all[i + 1], tick);
}

Generation* Tailer::Impl::NextOf(const Container& container, const Tick& tick) const {
  if (container.paused) return nullptr;
  const auto& all = container.generations;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Generation* generation = all[i].get();
    if (!generation->active()) continue;
    if (generation->readable()) return generation->wakes_at <= tick.now ? generation : nullptr;
    // A line of which pieces were handed out ends with its file: that is sealed first,
    // which takes its descriptor.
    if (generation->mid_line) return generation->file == nullptr ? generation : nullptr;
    if (HoldsNext(container, i, tick)) return nullptr;
  }
  return nullptr;
}

void Tailer::Impl::QueueNext(Container* container, const Tick& tick) {
  Generation* next = NextOf(*container, tick);
  if (next == nullptr) return;
  if (next->file != nullptr) {
    Queue(container);
  } else {
    QueueOpening(next);
  }
}

void Tailer::Impl::ReadReady(const Tick& tick, const PollBudget& budget) {
  bytes_left = budget.bytes_max;
  lines_left = budget.lines_max;
  // Nobody waits for more than two turns: a share each, but for what is not worth a
  // system call. Few short lines leave room for the next one.
  const std::size_t share = std::max<std::size_t>(1, ready.size());
  const std::size_t bytes_share = std::clamp(budget.bytes_max / share, kReadBytesMin,
                                             std::max(kReadBytesMin, budget.bytes_per_source_max));
  const std::size_t lines_share = std::max(budget.lines_max / share, kSliceLinesMin);
  // Once around: what is queued again meanwhile has had its share of this turn,
  // unless there is room for another one.
  while (!ready.empty() && lines_left > 0 && bytes_left > 0) {
    Container* container = Get(ready.front());
    ready.pop_front();
    if (container == nullptr) continue;
    container->queued = false;
    Generation* generation = NextOf(*container, tick);
    if (generation == nullptr) continue;
    if (generation->file == nullptr) {
      QueueOpening(generation);
      continue;
    }
    if (generation->archive != nullptr && !TakeDecoder(generation, tick)) {
      awaiting_decoder.push_back(container->id);
      continue;
    }
    bytes_slice = std::min(bytes_share, bytes_left);
    lines_slice = std::min(lines_share, lines_left);
    if (Read(generation, tick) == ReadResult::kNoRoom) {
      container->queued = true;
      ready.push_front(container->id);
      return;
    }
    QueueNext(container, tick);
  }
}

// A read may stop early (a signal, a network file system). Only where the last
// look saw the end, or behind it, is a short read the end.
Expected<std::size_t> Tailer::Impl::ReadUntil(Generation* generation, std::uint64_t offset,
                                              std::span<char> into) {
  if (generation->archive != nullptr) return generation->archive->ReadAt(offset, into);
  std::size_t filled = 0;
  while (filled < into.size()) {
    auto read = generation->file->ReadAt(offset + filled, into.subspan(filled));
    if (!read) return read;
    filled += *read;
    if (*read == 0 || offset + filled >= generation->size) break;
  }
  return filled;
}

void Tailer::Impl::ReadFailed(Generation* generation, const Tick& tick) {
  generation->wakes_at = tick.now + kReadErrorPause;
  generation->rests_since = tick.now;  // nobody knows whether it rests
  finder.Skip(generation->name.path, SkipReason::kUnreadable);
  Stir(generation->container);
}

// An archive is read forwards only. False: it is not there yet, or never will be.
bool Tailer::Impl::MovedTo(Generation* generation, std::uint64_t offset, const Tick& tick) {
  GzipLogFile* archive = generation->archive;
  if (archive == nullptr) return true;
  const auto reached = archive->Advance(offset, kDecodeBytes);
  if (!reached) {
    ReadFailed(generation, tick);
    return false;
  }
  bytes_left -= std::min(bytes_left, kDecodeBytes / 4);  // decoding is work, too
  if (!*reached) return false;
  if (archive->end() == GzipLogFile::End::kNotReached || archive->decoded() > offset) return true;
  if (archive->decoded() == offset) return true;
  ReadBeyond(generation, tick);
  return false;
}

// The archive ends before the place where its plain file was read to: it was cut short,
// or what came last was added after it was made.
void Tailer::Impl::ReadBeyond(Generation* generation, const Tick& tick) {
  generation->drained = true;
  generation->whole = generation->archive->end() == GzipLogFile::End::kClean;
  generation->size = generation->offset;
  generation->rests_since = tick.now;
  Stir(generation->container);
}

Tailer::Impl::ReadResult Tailer::Impl::Read(Generation* generation, const Tick& tick) {
  const auto context =
      static_cast<std::size_t>(std::min<std::uint64_t>(generation->offset, kTailBytesMax));
  const std::size_t space = options.read_buffer_bytes - std::min(used, options.read_buffer_bytes);
  const bool whole = generation->whole_buffer;
  if (whole ? used > 0 : space < context + kReadBytesMin) return ReadResult::kNoRoom;
  if (!MovedTo(generation, generation->offset - context, tick)) return ReadResult::kDone;
  std::size_t wanted = space - context;
  if (!whole) {
    wanted = std::min(wanted, bytes_slice);
    if (generation->read_hint > 0) wanted = std::min(wanted, generation->read_hint);
  }
  char* place = buffer.get() + used;
  auto read =
      ReadUntil(generation, generation->offset - context, std::span<char>(place, context + wanted));
  if (!read) {
    ReadFailed(generation, tick);
    return ReadResult::kDone;
  }
  const std::string_view before(place, std::min(context, *read));
  const std::string_view fresh(place + before.size(), *read - before.size());
  if (generation->archive != nullptr && before.size() < context) {
    ReadBeyond(generation, tick);
    return ReadResult::kDone;
  }
  const bool short_of_it = fresh.size() < wanted && generation->archive == nullptr &&
                           generation->offset + fresh.size() < generation->size;
  if (before.size() < context || short_of_it) {
    // Less than there was at the last look: it shrank, or this read was no answer.
    LookAt(generation, tick);
    generation->wakes_at = tick.now + options.look_interval;
    Stir(generation->container);
    return ReadResult::kDone;
  }
  if (!SameFile(*generation, before, fresh)) {
    // What it has grown by since it was read may be new bytes as well as old ones.
    Restart(generation, generation->read_to);
    return ReadResult::kDone;
  }
  output->chunks.push_back({place, generation->offset - context});
  std::size_t taken = SkipHole(generation, fresh);
  const std::string_view lines = fresh.substr(taken);
  generation->offset += taken;
  if (taken < fresh.size() || taken == 0) {
    const std::size_t split = Split(generation, lines, wanted - taken, whole);
    generation->offset += split;
    taken += split;
  }
  generation->tail = TailMarker(place + context + taken, context + taken);
  used += context + taken;
  if (taken > 0 && !generation->announced_begin) BeginReading(generation);
  EndOfRead(generation, fresh, wanted, taken, tick);
  return ReadResult::kDone;
}

void Tailer::Impl::BeginReading(Generation* generation) {
  generation->announced_begin = true;
  generation->begun = true;
  SourceBegan began{generation->source, {}};
  bool newer = false;
  for (const auto& other : generation->container->generations) {
    if (other.get() == generation) {
      newer = true;
    } else if (!other->SameInstance(*generation)) {
      continue;
    } else if (newer) {
      const bool earlier = other->recalled || (!other->has_source && known.Knows(other->key));
      const bool fresh = !generation->recalled && !generation->name.compressed;
      began.late = began.late || other->announced_begin || (earlier && fresh);
    } else if (other->state == GenerationState::kNew) {
      began.older_empty = true;
    } else if (other->state != GenerationState::kRetired) {
      // Nobody writes archives, and nobody forgets what a retired file ended with.
      began.older.push_back(other->source);
    }
  }
  if (began.late || began.older_empty || !began.older.empty()) {
    output->began.push_back(std::move(began));
  }
}

void Tailer::Impl::EndOfRead(Generation* generation, std::string_view fresh, std::size_t wanted,
                             std::size_t taken, const Tick& tick) {
  const std::uint64_t seen = generation->offset - taken + fresh.size();
  const bool at_end = fresh.size() < wanted;
  // A short read says where the file ends; any other only that it goes so far.
  generation->size = at_end ? seen : std::max(generation->size, seen);
  generation->read_to = std::max(generation->read_to, seen);
  if (!fresh.empty()) generation->rests_since = tick.now;
  if (at_end) generation->looked_at = ++looks;
  if (at_end && generation->archive != nullptr) {
    generation->drained = true;
    generation->whole = generation->archive->end() == GzipLogFile::End::kClean;
    Stir(generation->container);
  }
  bytes_read += taken;
  bytes_left -= std::min(bytes_left, taken);
}

// A writer that goes on where it was after its file was emptied leaves a hole in
// front (spec A.4.3). A run of NULs from the file's beginning is nobody's line.
std::size_t Tailer::Impl::SkipHole(Generation* generation, std::string_view fresh) {
  static constexpr char kNuls[kTailBytesMax] = {};
  const auto bytes =
      static_cast<std::size_t>(std::min<std::uint64_t>(generation->offset, kTailBytesMax));
  if (fresh.empty() || fresh[0] != '\0' || generation->mid_line) return 0;
  // A commit falls on a line's end or in the hole: NULs before it mean the hole.
  if (generation->tail != TailMarker(kNuls + bytes, bytes)) return 0;
  const std::size_t hole = std::min(fresh.find_first_not_of('\0'), fresh.size());
  output->gaps.push_back(
      {generation->source, {generation->offset, generation->offset + hole}, LossReason::kNulRun});
  return hole;
}

std::size_t Tailer::Impl::Split(Generation* generation, std::string_view fresh, std::size_t wanted,
                                bool whole_buffer) {
  const std::size_t lines_before = lines_left;
  const std::size_t lines_end = lines_left - std::min(lines_left, lines_slice);
  std::size_t taken = 0;
  while (lines_left > lines_end) {
    const std::size_t end = fresh.find('\n', taken);
    if (end == std::string_view::npos) break;
    Emit(generation, fresh.substr(taken, end - taken),
         {generation->offset + taken, generation->offset + end + 1}, true);
    taken = end + 1;
  }
  generation->read_hint = 0;
  if (lines_left == lines_end) {
    // So many short lines that what was read behind them is read again: the
    // next read asks for about as much as it can hand out.
    generation->read_hint = std::max<std::size_t>(2 * taken, kReadBytesMin);
    return taken;
  }
  const bool at_end = fresh.size() < wanted;
  if (at_end && PODTAIL_MUTANT(kPartialLineSkipped)) return fresh.size();
  if (taken < fresh.size() && taken == 0 && lines_before == lines_left) {
    if (generation->mid_line || (whole_buffer && !at_end)) {
      Emit(generation, fresh, {generation->offset, generation->offset + fresh.size()}, false);
      taken = fresh.size();
    }
    generation->whole_buffer = !at_end || generation->mid_line;
  } else {
    generation->whole_buffer = false;
  }
  if (at_end) {
    generation->whole_buffer = false;
    generation->looked_to = generation->offset + fresh.size();
  }
  return taken;
}

void Tailer::Impl::Emit(Generation* generation, std::string_view bytes, Extent extent, bool ends) {
  output->lines.push_back(
      {generation->source, extent, PaddedView(kAssumePadded, bytes), !generation->mid_line, ends});
  generation->mid_line = !ends;
  --lines_left;
}

void Tailer::Impl::Restart(Generation* generation, std::uint64_t lost_to) {
  // Other bytes than those that were read: copytruncate, or a writer that began
  // again in place. What is known to have stood behind the offset is gone.
  if (lost_to > generation->offset) {
    output->gaps.push_back(
        {generation->source, {generation->offset, lost_to}, LossReason::kTruncated});
  }
  output->closed.push_back({generation->source, generation->offset, false, true});
  generation->state = GenerationState::kNew;
  generation->start.reset();
  generation->offset = 0;
  generation->looked_to = 0;
  generation->read_to = 0;
  generation->size = 0;
  generation->tail = {};
  generation->mid_line = false;
  generation->announced_begin = false;
  generation->recalled = false;
  generation->whole_buffer = false;
  generation->read_hint = 0;
  QueueOpening(generation);
  Stir(generation->container);
}

}  // namespace podtail
