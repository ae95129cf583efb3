// SPDX-License-Identifier: Apache-2.0
// New generations: a descriptor, an identity, and where to begin.
#include <array>

#include "engine/base/check.h"
#include "engine/tail/tailer_impl.h"
#include "podtail/observer.h"

namespace podtail {
namespace {

constexpr std::size_t kOpensPerPoll = 256;

}  // namespace

void Tailer::Impl::OpenNew(const Tick& tick) {
  for (std::size_t n = 0; n < kOpensPerPoll && !opening.empty(); ++n) {
    const auto [id, key] = opening.front();
    Container* container = Get(id);
    Generation* generation = container == nullptr ? nullptr : Find(container, key);
    if (generation == nullptr || !generation->active() || container->paused) {
      opening.pop_front();  // Resume() queues a paused container's again
      continue;
    }
    if (generation->file == nullptr) {
      // Without a descriptor to spare it waits here, and so do those behind it.
      if (files_open >= options.open_files_max && !MakeRoom()) return;
      if (!Open(container, generation)) {
        opening.pop_front();
        continue;
      }
    }
    opening.pop_front();
    if (generation->state == GenerationState::kNew) {
      TryAnnounce(container, generation, false, tick);
    }
    if (NextOf(*container, tick) != nullptr) Queue(container);
  }
}

bool Tailer::Impl::Open(Container* container, Generation* generation) {
  auto file = files->Open(generation->name.root, generation->name.path);
  auto stat = file ? (*file)->Stat() : Expected<FileStat>(Unexpected(file.error()));
  if (!stat || KeyOf(*stat) != generation->key) {
    // Renamed or replaced meanwhile: the next pass finds what there is now.
    const StatusCode code = stat ? StatusCode::kNotFound : stat.error().code();
    if (code == StatusCode::kNotFound) return false;
    finder.Skip(generation->name.path,
                code == StatusCode::kFailedPrecondition  ? SkipReason::kNotRegular
                : code == StatusCode::kResourceExhausted ? SkipReason::kTooManyOpen
                                                         : SkipReason::kNotPermitted);
    if (generation->state != GenerationState::kNew) return false;  // parked: keep what is known
    auto& all = container->generations;
    all.erase(std::find_if(all.begin(), all.end(),
                           [&](const auto& each) { return each.get() == generation; }));
    --generations;
    return false;
  }
  finder.ClearSkip(generation->name.path);
  generation->file = std::move(*file);
  ++files_open;
  generation->size = stat->size;
  generation->device = stat->device;
  generation->modify_time = stat->modify_time;
  generation->deleted = stat->deleted;
  return true;
}

bool Tailer::Impl::MakeRoom() {
  Generation* longest = nullptr;
  for (const auto& container : containers) {
    if (container == nullptr) continue;
    for (const auto& generation : container->generations) {
      // Parked is what has a name to come back by and nothing left to read.
      if (generation->state != GenerationState::kReading || generation->file == nullptr ||
          generation->deleted || generation->missed_passes > 0 || generation->readable()) {
        continue;
      }
      if (longest == nullptr || generation->rests_since < longest->rests_since) {
        longest = generation.get();
      }
    }
  }
  if (longest == nullptr) return false;
  CloseFile(longest);
  return true;
}

void Tailer::Impl::TryAnnounce(Container* container, Generation* generation, bool sealed,
                               const Tick& tick) {
  std::array<char, kHeadBytesMax> start;
  const auto read = generation->file->ReadAt(0, start);
  if (!read) {
    finder.Skip(generation->name.path, SkipReason::kUnreadable);
    return;
  }
  const auto head = HeadMarker({start.data(), *read}, sealed);
  if (!head) {
    if (*read != generation->looked_to) generation->rests_since = tick.now;
    generation->looked_to = *read;
    return;
  }
  generation->identity = {generation->key.inode, generation->key.birth_time,
                          generation->key.handle_generation, *head};
  SourceOpened opened;
  const bool grew = generation->grew && generation->start.has_value();
  if (!ChooseStart(*container, generation, &opened.start)) return;  // asked again after the pass
  generation->source = static_cast<SourceId>(by_source.size());
  by_source.emplace_back(container->id, generation->key);
  generation->state = GenerationState::kReading;
  generation->offset = opened.start.committed.offset;
  generation->looked_to = generation->offset;
  generation->tail = opened.start.committed.tail;
  generation->size = std::max<std::uint64_t>(generation->size, *read);
  generation->mid_line = false;
  generation->whole_buffer = false;
  generation->read_hint = 0;
  opened.source = generation->source;
  opened.container = container->id;
  opened.file = generation->identity;
  opened.size = generation->size;
  opened.grew = grew;
  opened.path = FullPath(*container, *generation);
  if (observer != nullptr) observer->OnFileOpened(opened.path, generation->offset);
  output->opened.push_back(std::move(opened));
}

bool Tailer::Impl::ChooseStart(const Container& container, Generation* generation,
                               Checkpoint* start) {
  if (generation->start) {  // it was announced before, in this life
    *start = std::move(*generation->start);
    generation->start.reset();
    return true;
  }
  switch (known.Take(generation->identity, generation->size, generation->file.get(), passes > 0,
                     start)) {
    case KnownCheckpoints::Answer::kFound:
      return true;
    case KnownCheckpoints::Answer::kAskAfterPass:
      return false;
    case KnownCheckpoints::Answer::kUnknown:
      break;
  }
  *start = Checkpoint{};
  start->file = generation->identity;
  start->path = FullPath(container, *generation);
  start->device = generation->device;
  // A malformed first line has no line before it to borrow a time from.
  const Timestamp birth = generation->key.birth_time;
  start->committed.replay.line_time = birth == Timestamp{} ? generation->modify_time : birth;
  if (first_life && generation->first_look && options.unknown_at_startup == StartAt::kEnd) {
    start->committed.offset = EndOfLastLine(*generation);
    std::array<char, kTailBytesMax> tail;
    const auto bytes =
        static_cast<std::size_t>(std::min<std::uint64_t>(start->committed.offset, tail.size()));
    const auto read = generation->file->ReadAt(start->committed.offset - bytes,
                                               std::span<char>(tail).first(bytes));
    if (!read || *read != bytes) {
      start->committed.offset = 0;
    } else {
      start->committed.tail = TailMarker(tail.data() + bytes, bytes);
    }
  }
  return true;
}

std::uint64_t Tailer::Impl::EndOfLastLine(const Generation& generation) const {
  std::array<char, 64 * 1024> block;
  std::uint64_t end = generation.size;
  while (end > 0) {
    const std::uint64_t begin = end > block.size() ? end - block.size() : 0;
    const auto read = generation.file->ReadAt(
        begin, std::span<char>(block).first(static_cast<std::size_t>(end - begin)));
    if (!read) return 0;
    const std::size_t line = std::string_view(block.data(), *read).rfind('\n');
    if (line != std::string_view::npos) return begin + line + 1;
    end = begin;
  }
  return 0;
}

std::string Tailer::Impl::FullPath(const Container& container, const Generation& generation) const {
  // Of a link the name beneath the root: it says which container this is.
  return options.root + "/" + container.path + "/" + generation.name.name;
}

}  // namespace podtail
