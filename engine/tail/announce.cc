// SPDX-License-Identifier: Apache-2.0
// New generations: a descriptor, an identity, and where to begin.
#include <array>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/tail/tailer_impl.h"
#include "podtail/observer.h"

namespace podtail {
namespace {

constexpr std::size_t kOpensPerPoll = 256;
// Of an archive in one Poll(), on the way to where it goes on.
constexpr std::size_t kSkipBytesPerPoll = std::size_t{1024} * 1024;

}  // namespace

void Tailer::Impl::OpenNew(const Tick& tick) {
  const std::size_t queued = opening.size();
  opening_waits = false;
  bool no_room = false;
  for (std::size_t n = 0; n < kOpensPerPoll && n < queued && !opening.empty(); ++n) {
    const InstanceKey key = opening.front();
    opening.pop_front();
    const auto met = by_key.find(key);
    Generation* generation = met == by_key.end() ? nullptr : met->second;
    if (generation != nullptr) generation->in_opening = false;
    if (generation == nullptr || !generation->active()) continue;
    Container* container = generation->container;
    // What is paused is opened like anything else, or it could be deleted unread;
    // Resume() queues it again.
    const bool paused = container->paused;
    if (generation->file == nullptr) {
      const OpenResult opened = no_room ? OpenResult::kNoRoom : Open(generation, tick);
      if (opened == OpenResult::kNoRoom) {
        no_room = true;
        opening_waits = true;
        QueueOpening(generation);
        continue;
      }
      if (opened == OpenResult::kGone) continue;
    }
    generation->in_opening = true;  // looking at it does not queue it once more
    LookAt(generation, tick);
    generation->in_opening = false;
    if (paused || generation->wakes_at > tick.now) continue;
    if (generation->state == GenerationState::kNew && generation->archive != nullptr &&
        !TakeDecoder(generation, tick)) {
      opening_waits = true;
      QueueOpening(generation);
      continue;
    }
    if (generation->state == GenerationState::kNew &&
        TryAnnounce(generation, false, tick) == AnnounceResult::kAskAgain) {
      QueueOpening(generation);
      continue;
    }
    QueueNext(container, tick);
    if (Restless(*container, tick)) Stir(container);
  }
}

Tailer::Impl::OpenResult Tailer::Impl::Open(Generation* generation, const Tick& tick) {
  if (files_open >= options.open_files_max && !MakeRoom(tick)) return OpenResult::kNoRoom;
  auto file = files->Open(generation->name.root, generation->name.path);
  auto stat = file ? (*file)->Stat() : Expected<FileStat>(Unexpected(file.error()));
  if (!stat || KeyOf(*stat) != generation->key) {
    // Renamed or replaced meanwhile: a listing finds what there is now.
    const StatusCode code = stat ? StatusCode::kNotFound : stat.error().code();
    if (code == StatusCode::kNotFound) return OpenResult::kGone;
    if (code == StatusCode::kResourceExhausted) {
      finder.Skip(generation->name.path, SkipReason::kTooManyOpen);
      return MakeRoom(tick) ? Open(generation, tick) : OpenResult::kNoRoom;
    }
    finder.Skip(generation->name.path, code == StatusCode::kFailedPrecondition
                                           ? SkipReason::kNotRegular
                                           : SkipReason::kNotPermitted);
    // A listing asks again; the newer files of its container wait for it.
    generation->refused = true;
    Stir(generation->container);
    return OpenResult::kGone;
  }
  finder.ClearSkip(generation->name.path);
  generation->refused = false;
  ++files_open;
  generation->device = stat->device;
  generation->deleted = stat->deleted;
  if (generation->name.compressed) {
    OpenArchive(generation, std::move(*file));
    generation->disk_bytes = stat->size;
    NoteTrailer(generation);
    return OpenResult::kOpen;
  }
  generation->file = std::move(*file);
  if (generation->state == GenerationState::kNew) {
    generation->size = stat->size;
    generation->modify_time = stat->modify_time;
  }
  return OpenResult::kOpen;
}

bool Tailer::Impl::MakeRoom(const Tick& tick) {
  Generation* longest = nullptr;
  for (const auto& container : containers) {
    if (container == nullptr) continue;
    for (const auto& generation : container->generations) {
      // Parked is what has a name to come back by, and nothing to read or an older
      // file to wait for.
      if (!generation->active() || generation->file == nullptr || generation->deleted ||
          generation->missed > 0) {
        continue;
      }
      const bool busy = generation->archive != nullptr
                            ? generation->decoding
                            : NextOf(*container, tick) == generation.get() ||
                                  generation->may_announce() || generation->looked_at == 0;
      if (busy) continue;
      if (longest == nullptr || generation->rests_since < longest->rests_since) {
        longest = generation.get();
      }
    }
  }
  if (longest == nullptr) return false;
  CloseFile(longest);
  return true;
}

Tailer::Impl::AnnounceResult Tailer::Impl::TryAnnounce(Generation* generation, bool sealed,
                                                       const Tick& tick) {
  std::array<char, kHeadBytesMax> start;
  const auto read = ReadWhole(generation->file.get(), 0, start);
  if (!read) {
    ReadFailed(generation, tick);
    return AnnounceResult::kWaits;  // looked at again, and then it is news
  }
  generation->read_to = *read;
  const bool whole = generation->archive != nullptr && *read < start.size() &&
                     generation->archive->end() != GzipLogFile::End::kTruncated;
  const auto head = HeadMarker({start.data(), *read}, sealed || whole);
  if (!head) {
    if (*read != generation->looked_to) generation->rests_since = tick.now;
    generation->looked_to = *read;
    if (generation->archive != nullptr) {
      generation->drained = true;
      generation->whole = whole && generation->archive->end() == GzipLogFile::End::kClean;
      generation->size = *read;
      Stir(generation->container);
    }
    return AnnounceResult::kDone;
  }
  generation->identity = {generation->key.inode, generation->key.birth_time,
                          generation->key.handle_generation, *head};
  const std::string_view first_bytes(start.data(), *read);
  if (generation->archive != nullptr && !generation->start) {
    if (Generation* plain = PlainTwin(*generation, first_bytes)) {
      MergeInto(plain, generation);
      return AnnounceResult::kMerged;
    }
    if (AwaitsPlain(*generation)) {
      ReleaseDecoder(generation);
      return AnnounceResult::kWaits;
    }
  }
  if (generation->start) ConfirmStart(generation, first_bytes);
  SourceOpened opened;
  opened.grew = generation->grew && generation->start.has_value();
  switch (ChooseStart(generation, first_bytes, &opened.start)) {
    case KnownCheckpoints::Answer::kAskAfterPass:
      ReleaseDecoder(generation);
      return AnnounceResult::kWaits;
    case KnownCheckpoints::Answer::kAskAgain:
      return AnnounceResult::kAskAgain;
    case KnownCheckpoints::Answer::kFailed:
      ReadFailed(generation, tick);
      return AnnounceResult::kWaits;
    default:
      break;
  }
  generation->size = std::max<std::uint64_t>(generation->size, *read);
  Announce(generation, std::move(opened));
  return AnnounceResult::kDone;
}

// It was announced before, in this life: is it still the same file up to there?
void Tailer::Impl::ConfirmStart(Generation* generation, std::string_view first_bytes) {
  const Marker& head = generation->start->file.head;
  bool same = BeginsWith(head, first_bytes);
  if (same && generation->archive == nullptr) {
    generation->offset = generation->start->committed.offset;
    generation->tail = generation->start->committed.tail;
    same = !BytesBeforeOffsetDiffer(generation);
    generation->offset = 0;
  }
  if (same) {
    generation->identity.head = head;
    return;
  }
  superseded.push_back(generation->start->file);
  generation->start.reset();
}

void Tailer::Impl::Announce(Generation* generation, SourceOpened opened) {
  Detach(*generation);
  generation->source = static_cast<SourceId>(sources_ever++);
  generation->has_source = true;
  generation->grew = false;
  sources[generation->source] = {generation, generation->identity};
  generation->state = GenerationState::kReading;
  generation->offset = opened.start.committed.offset;
  generation->looked_to = generation->offset;
  generation->read_to = std::max(generation->read_to, generation->offset);
  generation->tail = opened.start.committed.tail;
  generation->announced_begin = false;
  generation->begun = generation->offset > 0;
  generation->mid_line = false;
  generation->whole_buffer = false;
  generation->read_hint = 0;
  generation->size = std::max(generation->size, generation->offset);
  if (generation->archive != nullptr) {
    const auto trailer = generation->archive->TrailerSize();
    generation->drained = generation->whole =
        generation->offset > 0 && trailer && *trailer &&
        **trailer == static_cast<std::uint32_t>(generation->offset);
    // Its turn may be far away, and a decoder that has come nowhere is no loss.
    if (generation->offset == 0 || generation->drained) ReleaseDecoder(generation);
    Stir(generation->container);
  }
  opened.source = generation->source;
  opened.container = generation->container->id;
  opened.file = generation->identity;
  opened.size = generation->size;
  opened.epoch = generation->epoch;
  opened.path = FullPath(*generation);
  if (observer != nullptr) observer->OnFileOpened(opened.path, generation->offset);
  output->opened.push_back(std::move(opened));
}

KnownCheckpoints::Answer Tailer::Impl::ChooseStart(Generation* generation,
                                                   std::string_view first_bytes,
                                                   Checkpoint* start) {
  if (generation->start) {  // it was announced before, in this life
    *start = std::move(*generation->start);
    generation->start.reset();
    return KnownCheckpoints::Answer::kFound;
  }
  const std::string path = FullPath(*generation);
  const auto answer = known.Take({&generation->identity, path, first_bytes, generation->file.get(),
                                  generation->size, generation->archive, kSkipBytesPerPoll},
                                 passes > 0, start);
  generation->recalled = answer == KnownCheckpoints::Answer::kFound;
  if (generation->recalled && KeyOf(start->file) == KeyOf(generation->identity)) {
    generation->identity.head = start->file.head;
  }
  if (answer != KnownCheckpoints::Answer::kUnknown) return answer;
  *start = Checkpoint{};
  start->file = generation->identity;
  start->path = path;
  start->device = generation->device;
  // A malformed first line has no line before it to borrow a time from.
  const Timestamp birth = generation->key.birth_time;
  start->committed.replay.line_time = birth == Timestamp{} ? generation->modify_time : birth;
  const bool at_end = first_life && options.unknown_at_startup == StartAt::kEnd;
  if (generation->first_look && (at_end || (!first_life && PODTAIL_MUTANT(kStartAtEnd)))) {
    StartAtEnd(generation, start);
  }
  return KnownCheckpoints::Answer::kUnknown;
}

void Tailer::Impl::StartAtEnd(Generation* generation, Checkpoint* start) const {
  if (generation->archive != nullptr) {
    // All of it is past. Where its end is only decoding tells.
    while (generation->archive->end() == GzipLogFile::End::kNotReached) {
      const auto reached = generation->archive->Advance(
          generation->archive->decoded() + kSkipBytesPerPoll, kSkipBytesPerPoll);
      if (!reached) return;
    }
    generation->size = generation->archive->decoded();
  }
  std::uint64_t& offset = start->committed.offset;
  offset = EndOfLastLine(*generation);
  std::array<char, kTailBytesMax> tail;
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(offset, tail.size()));
  const auto read =
      ReadWhole(generation->file.get(), offset - bytes, std::span<char>(tail).first(bytes));
  if (!read || *read != bytes) {
    offset = 0;
  } else {
    start->committed.tail = TailMarker(tail.data() + bytes, bytes);
  }
}

std::uint64_t Tailer::Impl::EndOfLastLine(const Generation& generation) const {
  std::array<char, 64 * 1024> block;
  std::uint64_t end = generation.size;
  while (end > 0) {
    const std::uint64_t begin = end > block.size() ? end - block.size() : 0;
    const auto read =
        ReadWhole(generation.file.get(), begin,
                  std::span<char>(block).first(static_cast<std::size_t>(end - begin)));
    if (!read) return 0;
    const std::size_t line = std::string_view(block.data(), *read).rfind('\n');
    if (line != std::string_view::npos) return begin + line + 1;
    end = begin;
  }
  return 0;
}

std::string Tailer::Impl::FullPath(const Generation& generation) const {
  // Of a link the name beneath the root: it says which container this is.
  return options.root + "/" + generation.container->path + "/" + generation.name.name;
}

}  // namespace podtail
