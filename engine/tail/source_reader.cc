// SPDX-License-Identifier: Apache-2.0
// Reading: which file is next, and its bytes as lines.
#include <algorithm>
#include <cstring>

#include "engine/base/check.h"
#include "engine/tail/tailer_impl.h"
#include "podtail/observer.h"

namespace podtail {
namespace {

// A read below this is not worth a system call; the rest waits for the next Poll.
constexpr std::size_t kReadBytesMin = 4 * 1024;
constexpr Duration kReadErrorPause = std::chrono::seconds(1);

}  // namespace

bool Tailer::Impl::Rested(const Generation& older, const Generation& newer,
                          const Tick& tick) const {
  if (older.state == GenerationState::kReading && older.readable()) return false;
  // Only a look after the newer one was there says that the older one has ended:
  // what was written between its last look and the rename is still to be read.
  if (older.looked_in < newer.found_in) return false;
  if (tick.now - std::max(older.rests_since, newer.found_at) >= options.switch_grace) return true;
  // Of what the first pass found, a file last written long ago need not be
  // watched: nobody waits for an old tree. Later a quiet file that is rotated may
  // still get the head of a line from its runtime's buffer.
  if (!newer.first_look) return false;
  return older.modify_time + options.switch_grace <= tick.wall;
}

Generation* Tailer::Impl::NextOf(const Container& container, const Tick& tick) const {
  if (container.paused) return nullptr;
  const auto& all = container.generations;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Generation* generation = all[i].get();
    if (!generation->active()) continue;
    if (generation->readable()) {
      const bool can = generation->file != nullptr && generation->wakes_at <= tick.now;
      return can ? generation : nullptr;
    }
    if (i + 1 == all.size()) return nullptr;
    // Not opened yet, or no identity yet: its bytes come before the next one's.
    const bool unseen = generation->state == GenerationState::kNew && generation->file == nullptr;
    if (unseen || !Rested(*generation, *all[i + 1], tick)) return nullptr;
    // It has a first line that was not announced yet.
    if (generation->state == GenerationState::kNew && generation->size > generation->looked_to) {
      return nullptr;
    }
  }
  return nullptr;
}

void Tailer::Impl::ReadReady(const Tick& tick, const PollBudget& budget) {
  bytes_left = budget.bytes_max;
  lines_left = budget.lines_max;
  // Once around: what is queued again meanwhile has had its share of this turn,
  // unless there is room for another one.
  while (!ready.empty() && lines_left > 0 && bytes_left > 0) {
    Container* container = Get(ready.front());
    ready.pop_front();
    if (container == nullptr) continue;
    container->queued = false;
    Generation* generation = NextOf(*container, tick);
    if (generation == nullptr) continue;
    if (Read(generation, budget, tick) == ReadResult::kNoRoom) {
      container->queued = true;
      ready.push_front(container->id);
      return;
    }
    if (NextOf(*container, tick) != nullptr) Queue(container);
  }
}

// A read may stop early (a signal, a network file system). Only where the last
// look saw the end, or behind it, is a short read the end.
Expected<std::size_t> Tailer::Impl::ReadUntil(Generation* generation, std::uint64_t offset,
                                              std::span<char> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    auto read = generation->file->ReadAt(offset + filled, into.subspan(filled));
    if (!read) return read;
    filled += *read;
    if (*read == 0 || offset + filled >= generation->size) break;
  }
  return filled;
}

Tailer::Impl::ReadResult Tailer::Impl::Read(Generation* generation, const PollBudget& budget,
                                            const Tick& tick) {
  const auto context =
      static_cast<std::size_t>(std::min<std::uint64_t>(generation->offset, kTailBytesMax));
  const std::size_t space = options.read_buffer_bytes - std::min(used, options.read_buffer_bytes);
  const bool whole = generation->whole_buffer;
  if (whole ? used > 0 : space < context + kReadBytesMin) return ReadResult::kNoRoom;
  std::size_t wanted = space - context;
  if (!whole) {
    wanted = std::min({wanted, budget.bytes_per_source_max, bytes_left});
    if (generation->read_hint > 0) wanted = std::min(wanted, generation->read_hint);
  }
  char* place = buffer.get() + used;
  auto read =
      ReadUntil(generation, generation->offset - context, std::span<char>(place, context + wanted));
  if (!read) {
    generation->wakes_at = tick.now + kReadErrorPause;
    finder.Skip(generation->name.path, SkipReason::kUnreadable);
    return ReadResult::kDone;
  }
  if (*read < context ||
      (context > 0 && TailMarker(place + context, context) != generation->tail)) {
    Restart(generation);
    return ReadResult::kDone;
  }
  const std::string_view fresh(place + context, *read - context);
  output->chunks.push_back({place, generation->offset - context});
  const std::uint64_t seen = generation->offset + fresh.size();
  const std::size_t taken = Split(generation, fresh, wanted, whole);
  generation->offset += taken;
  generation->tail = TailMarker(place + context + taken, context + taken);
  // A short read says where the file ends; any other only that it goes so far.
  generation->size = fresh.size() < wanted ? seen : std::max(generation->size, seen);
  if (!fresh.empty()) generation->rests_since = tick.now;
  if (fresh.size() < wanted) generation->looked_in = polls;
  used += context + taken;
  bytes_read += taken;
  bytes_left -= std::min(bytes_left, taken);
  return ReadResult::kDone;
}

std::size_t Tailer::Impl::Split(Generation* generation, std::string_view fresh, std::size_t wanted,
                                bool whole_buffer) {
  const std::size_t lines_before = lines_left;
  std::size_t taken = 0;
  while (lines_left > 0) {
    const std::size_t end = fresh.find('\n', taken);
    if (end == std::string_view::npos) break;
    Emit(generation, fresh.substr(taken, end - taken),
         {generation->offset + taken, generation->offset + end + 1}, true);
    taken = end + 1;
  }
  generation->read_hint = 0;
  if (lines_left == 0) {
    // So many short lines that what was read behind them is read again: the
    // next read asks for about as much as it can hand out.
    generation->read_hint = std::max<std::size_t>(2 * taken, kReadBytesMin);
    return taken;
  }
  const bool at_end = fresh.size() < wanted;
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

bool Tailer::Impl::EmitRest(Generation* generation) {
  const std::uint64_t rest = generation->size - std::min(generation->size, generation->offset);
  if (rest == 0) return true;
  const auto context =
      static_cast<std::size_t>(std::min<std::uint64_t>(generation->offset, kTailBytesMax));
  const std::size_t space = options.read_buffer_bytes - std::min(used, options.read_buffer_bytes);
  if (rest + context > space || lines_left == 0) return false;
  char* place = buffer.get() + used;
  const auto read =
      generation->file->ReadAt(generation->offset - context,
                               std::span<char>(place, context + static_cast<std::size_t>(rest)));
  if (!read || *read != context + rest) return false;
  output->chunks.push_back({place, generation->offset - context});
  const std::string_view bytes(place + context, static_cast<std::size_t>(rest));
  if (bytes.find('\n') != std::string_view::npos) return false;  // it grew; read it as usual
  Emit(generation, bytes, {generation->offset, generation->offset + rest}, false);
  generation->offset += rest;
  generation->tail = TailMarker(place + *read, *read);
  used += *read;
  bytes_read += rest;
  return true;
}

void Tailer::Impl::Restart(Generation* generation) {
  // Other bytes than those that were read: copytruncate, or a writer that began
  // again in place. What stood between the offset and the old end is gone.
  output->gaps.push_back({generation->source,
                          {generation->offset, std::max(generation->offset, generation->size)},
                          LossReason::kTruncated});
  output->closed.push_back({generation->source, generation->offset, false});
  generation->state = GenerationState::kNew;
  generation->start.reset();
  generation->offset = 0;
  generation->looked_to = 0;
  generation->size = 0;
  generation->tail = {};
  generation->mid_line = false;
  generation->whole_buffer = false;
  generation->read_hint = 0;
}

}  // namespace podtail
