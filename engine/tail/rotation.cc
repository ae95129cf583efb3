// SPDX-License-Identifier: Apache-2.0
// Names and generations: who was renamed, who is new, who is gone.
#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/tail/tailer_impl.h"
#include "podtail/observer.h"

namespace podtail {
namespace {

constexpr std::size_t kPodsPerStep = 64;
// A name may be missing from one listing because it was changed while it was read.
constexpr std::uint32_t kMissedMin = 2;
// Of one directory at once, while its names change.
constexpr int kListingsMax = 4;
// Two rotation periods of a kubelet (spec B.4).
constexpr Duration kVanishAfter = std::chrono::seconds(20);
constexpr Duration kScanPerContainer = std::chrono::milliseconds(1);
constexpr Duration kScanIntervalMin = std::chrono::milliseconds(250);

// What it was is read from a file of its name's.
bool IsReadCompressed(const Generation& generation) {
  const auto& all = generation.container->generations;
  return std::any_of(all.begin(), all.end(), [&](const auto& other) {
    return other->name.compressed && other->has_source && other->SameInstance(generation) &&
           other->name.rotation == generation.name.rotation;
  });
}

bool HasPlainTwin(const FoundDirectory& directory, const FoundFile& file) {
  for (const FoundFile& other : directory.files) {
    if (!other.compressed && other.restart_count == file.restart_count &&
        other.rotation == file.rotation) {
      return true;
    }
  }
  return false;
}

// Its plain name is gone, and there is a compressed file that was not opened yet and
// may be the same one.
bool ArchiveMayFollow(const Generation& generation) {
  if (generation.name.compressed) return false;
  for (const auto& other : generation.container->generations) {
    if (other->name.compressed && other->state == GenerationState::kNew &&
        other->name.restart_count == generation.name.restart_count &&
        (other->name.rotation == generation.name.rotation || generation.name.rotation.empty())) {
      return true;
    }
  }
  return false;
}

// Its container's own listings do not show a file that was moved to another directory.
bool StandsElsewhere(LogFileSystem* files, const Generation& generation) {
  if (!generation.elsewhere) return false;
  const auto stat = files->Stat(generation.name.root, generation.name.path);
  return stat && KeyOf(*stat) == generation.key;
}

}  // namespace

void Tailer::Impl::Scan(const Tick& tick) {
  if (!scanning && tick.now < ScanDue()) return;
  if (!scanning) hints_lost = !hints_complete;
  scanning = true;
  found.clear();
  const bool complete = finder.Step(kPodsPerStep, &found);
  for (const FoundDirectory& directory : found) Reconcile(directory, tick);
  if (complete) EndPass(tick);
}

Container* Tailer::Impl::ContainerAt(const std::string& path) {
  const auto [entry, is_new] =
      by_path.try_emplace(path, static_cast<ContainerId>(containers.size()));
  if (is_new) {
    containers.push_back(std::make_unique<Container>());
    containers.back()->id = entry->second;
    containers.back()->path = path;
  }
  return Get(entry->second);
}

void Tailer::Impl::Reconcile(const FoundDirectory& directory, const Tick& tick) {
  if (directory.files.empty() && by_path.count(directory.path) == 0) return;
  Container* container = ContainerAt(directory.path);
  container->pass = passes + 1;
  for (const auto& generation : container->generations) ++generation->missed;
  const std::size_t known_before = container->generations.size();
  std::vector<Generation*> fresh;
  MeetAll(container, directory, tick, &fresh);
  if (!fresh.empty() && !ListedWhole(container, directory, tick, &fresh)) {
    // The next listing finds them, with what this one may not have shown.
    for (Generation* generation : fresh) Erase(generation);
    container->generations.resize(known_before);
    fresh.clear();
    finder.Distrust();
  }
  for (const auto& generation : container->generations) {
    // Met under a name that a later listing of the same look has not any more.
    if (generation->missed == 0 && generation->seen_in != listings) generation->missed = 1;
  }
  std::sort(fresh.begin(), fresh.end(),
            [](const auto* a, const auto* b) { return OlderThan(a->name, b->name); });
  std::sort(container->generations.begin() + static_cast<std::ptrdiff_t>(known_before),
            container->generations.end(),
            [](const auto& a, const auto& b) { return OlderThan(a->name, b->name); });
  for (Generation* generation : fresh) QueueOpening(generation);
  Insert(container, fresh);
  Missed(container, tick);
  QueueNext(container, tick);
  if (Restless(*container, tick)) Stir(container);
}

void Tailer::Impl::MeetAll(Container* container, const FoundDirectory& directory, const Tick& tick,
                           std::vector<Generation*>* fresh) {
  ++listings;
  // The newest first: of two names of one file that is where it belongs.
  for (auto file = directory.files.rbegin(); file != directory.files.rend(); ++file) {
    Meet(container, directory, *file, tick, fresh);
  }
}

// A rotation between a listing and the look at its names puts a new file under the live
// name, and the one that was meant under a name that was not listed. Whoever read the new
// one now would take the older one for late. So what is new is listed again, until two
// listings agree on the names: every file older than those met is then met, too.
bool Tailer::Impl::ListedWhole(Container* container, const FoundDirectory& directory,
                               const Tick& tick, std::vector<Generation*>* fresh) {
  if (PODTAIL_MUTANT(kListedOnce)) return true;
  const auto same = [](const FoundFile& a, const FoundFile& b) { return a.name == b.name; };
  std::vector<FoundDirectory> before{directory}, again;
  for (int tries = 0; tries < kListingsMax; ++tries) {
    again.clear();
    finder.LookIntoContainer(directory.path, &again);
    if (again.empty()) return false;
    if (std::equal(again[0].files.begin(), again[0].files.end(), before[0].files.begin(),
                   before[0].files.end(), same)) {
      return true;
    }
    MeetAll(container, again[0], tick, fresh);
    before.swap(again);
  }
  return false;
}

void Tailer::Impl::Meet(Container* container, const FoundDirectory& directory,
                        const FoundFile& file, const Tick& tick, std::vector<Generation*>* fresh) {
  const auto stat = files->Stat(file.root, file.path);
  if (!stat) {
    const StatusCode code = stat.error().code();
    if (code == StatusCode::kNotFound) return;
    const bool special = code == StatusCode::kFailedPrecondition;
    finder.Skip(file.path, special                                  ? SkipReason::kNotRegular
                           : code == StatusCode::kResourceExhausted ? SkipReason::kTooManyOpen
                                                                    : SkipReason::kNotPermitted);
    if (!special) finder.Distrust();
    // It cannot be looked at; that does not make it gone.
    for (const auto& generation : container->generations) {
      if (generation->name.name != file.name) continue;
      generation->missed = 0;
      generation->seen_in = listings;
    }
    return;
  }
  const InstanceKey key = KeyOf(*stat);
  known.SetAlive(key, true);
  if (file.root != options.root) {
    by_target[file.root + "/" + file.path.substr(0, file.path.rfind('/'))] = container->id;
  }
  const auto met = by_key.find(key);
  if (met != by_key.end()) {
    Generation* generation = met->second;
    if (generation->seen_in == listings) return;  // a second name of the same file
    if (generation->container != container) {
      // Moved here, or linked: what it is called was settled when it was first seen.
      generation->missed = 0;
      generation->elsewhere = true;
      generation->name.root = file.root;
      generation->name.path = file.path;
      TakeFound(generation, file.compressed, *stat, tick);
      QueueNext(generation->container, tick);
      if (Restless(*generation->container, tick)) Stir(generation->container);
      return;
    }
    UpdateFound(generation, file, *stat, tick);
    return;
  }
  if (file.compressed && HasPlainTwin(directory, file)) return;  // the plain one goes next
  auto made = std::make_unique<Generation>();
  made->container = container;
  made->name = file;
  made->key = key;
  made->rests_since = tick.now;
  made->found_at = tick.now;
  made->met_at = ++looks;
  made->seen_in = listings;
  made->first_look = passes == 0;
  made->epoch = container->epoch;
  made->size = file.compressed ? 0 : stat->size;
  made->disk_bytes = stat->size;
  made->modify_time = stat->modify_time;
  by_key[key] = made.get();
  ++generations;
  fresh->push_back(made.get());
  container->generations.push_back(std::move(made));
}

// New ones stand behind what was known of their instance, in the order of their
// names, whatever the stamps say: clocks are set back. Only the file that is being
// written is newer than any that was rotated.
void Tailer::Impl::Insert(Container* container, const std::vector<Generation*>& fresh) {
  if (fresh.empty()) return;
  NoteEpoch(container, fresh);
  const auto order = [](const std::unique_ptr<Generation>& generation) {
    return std::make_tuple(generation->epoch, generation->name.restart_count,
                           generation->name.rotation.empty() && generation->missed == 0);
  };
  auto& all = container->generations;
  std::stable_sort(all.begin(), all.end(),
                   [&](const auto& a, const auto& b) { return order(a) < order(b); });
  // But a compressed one stands where the plain one does that it was made of.
  for (const Generation* archive : fresh) {
    if (!archive->name.compressed) continue;
    const auto plain = std::find_if(all.begin(), all.end(), [&](const auto& other) {
      return !other->name.compressed && other->SameInstance(*archive) &&
             other->name.rotation == archive->name.rotation;
    });
    const auto at = std::find_if(all.begin(), all.end(),
                                 [&](const auto& each) { return each.get() == archive; });
    if (plain < at) std::rotate(plain + 1, at, at + 1);
  }
}

// A static pod that is made again has the same directory and counts from 0: nothing
// of what it was is left, and lower numbers stand there.
void Tailer::Impl::NoteEpoch(Container* container, const std::vector<Generation*>& fresh) {
  std::uint32_t before = 0;
  for (const auto& generation : container->generations) {
    if (generation->seen_in == listings) continue;
    if (generation->missed == 0 && !generation->deleted) return;
    if (generation->epoch == container->epoch) {
      before = std::max(before, generation->name.restart_count);
    }
  }
  const bool again = std::all_of(fresh.begin(), fresh.end(), [&](const Generation* generation) {
    return generation->name.restart_count < before;
  });
  if (again) ++container->epoch;
  for (Generation* generation : fresh) generation->epoch = container->epoch;
}

void Tailer::Impl::UpdateFound(Generation* generation, const FoundFile& file, const FileStat& stat,
                               const Tick& tick) {
  generation->missed = 0;
  generation->elsewhere = false;
  generation->seen_in = listings;
  generation->device = stat.device;
  if (generation->name.name != file.name) {
    if (generation->name.rotation.empty() && observer != nullptr) {
      observer->OnFileRotated(options.root + "/" + file.path);
    }
    generation->name = file;
    if (PODTAIL_MUTANT(kRenameIsNew) && generation->state == GenerationState::kReading) {
      Restart(generation, generation->size);
    }
  }
  TakeFound(generation, file.compressed, stat, tick);
}

// What a listing says of a file, under whatever name.
void Tailer::Impl::TakeFound(Generation* generation, bool compressed, const FileStat& stat,
                             const Tick& tick) {
  if (generation->file != nullptr && generation->active()) {
    if ((generation->archive != nullptr) == compressed) TakeStat(generation, stat, tick);
    return;
  }
  const bool touched = generation->modify_time != stat.modify_time;
  generation->modify_time = stat.modify_time;
  generation->looked_at = ++looks;
  if (compressed) {
    if (generation->disk_bytes == stat.size) return;
    generation->disk_bytes = stat.size;
    generation->drained = false;
    generation->whole = false;
  } else {
    generation->size = stat.size;
  }
  const bool news = compressed || touched || stat.size != generation->offset;
  const bool asleep = PODTAIL_MUTANT(kNeverReopened);
  if (generation->state == GenerationState::kRetired && news && !asleep) {
    // Written to after it was closed: goes on under a new id, or begins again.
    if (!compressed && stat.size < generation->offset) {
      superseded.push_back(generation->identity);
      generation->start.reset();
    }
    generation->state = GenerationState::kNew;
    generation->looked_to = 0;
    generation->rests_since = tick.now;
    QueueOpening(generation);
  } else if (generation->active() && (news || generation->may_announce())) {
    QueueOpening(generation);  // parked, and not what it was
  }
}

void Tailer::Impl::Missed(Container* container, const Tick& tick) {
  auto& all = container->generations;
  // Decided first, erased afterwards: one's fate depends on who else is there.
  std::vector<Generation*> gone;
  for (const auto& generation : all) {
    if (generation->missed == 0) continue;
    if (generation->missed == 1) {
      generation->missing_since = tick.now;
      generation->missing_pass = scanning ? passes + 1 : passes;  // the one that goes on is none
    }
    // Gone before it was opened: its checkpoint is now the one's that was compressed from it.
    if (generation->state == GenerationState::kNew && generation->file == nullptr) {
      known.SetAlive(generation->key, false);
    }
    if (generation->missed >= kMissedMin && MissedGeneration(generation.get(), tick)) {
      gone.push_back(generation.get());
    }
  }
  for (Generation* generation : gone) {
    Erase(generation);
    all.erase(std::find_if(all.begin(), all.end(),
                           [&](const auto& each) { return each.get() == generation; }));
  }
}

// True: nothing needs it any more.
bool Tailer::Impl::MissedGeneration(Generation* generation, const Tick& tick) {
  if (ArchiveMayFollow(*generation)) return false;
  switch (generation->state) {
    case GenerationState::kNew:
      // With a descriptor it is read and sealed like any other.
      if (generation->file != nullptr || !finder.RootStands()) return false;
      if (generation->start) {
        // What was reset is announced again once it is resumed, and not before.
        if (!generation->container->paused && !StandsElsewhere(files, *generation)) {
          DeclareGone(generation);
        }
        return false;
      }
      if (!IsReadCompressed(*generation)) finder.Skip(generation->name.path, SkipReason::kMissed);
      generation->state = GenerationState::kRetired;
      FinishBefore(*generation);
      return true;
    case GenerationState::kReading:
      if (generation->file == nullptr && finder.RootStands() &&
          !StandsElsewhere(files, *generation)) {
        DeclareGone(generation);
      }
      return false;
    case GenerationState::kClosed:
      return false;
    case GenerationState::kRetired: {
      if (PODTAIL_MUTANT(kCheckpointsForgottenEarly))
        output->vanished.push_back(generation->identity);
      if (tick.now - generation->missing_since < kVanishAfter) return false;
      // It may stand where this container's listing does not look: the last pass must
      // have begun since then, and seen everything there is.
      if (!trusted_since || passes <= generation->missing_pass) return false;
      const auto stat = files->Stat(generation->name.root, generation->name.path);
      if (stat && KeyOf(*stat) == generation->key) {
        generation->missed = 0;
        return false;
      }
      if (generation->has_source) output->vanished.push_back(generation->identity);
      return true;
    }
  }
  return false;
}

// Parked, and now gone: what was not read by then is lost. So is what was to be read
// again, or came after its end.
void Tailer::Impl::DeclareGone(Generation* generation) {
  if (generation->state == GenerationState::kNew) {
    SourceOpened opened;
    opened.grew = generation->grew;
    opened.start = *std::exchange(generation->start, std::nullopt);
    Announce(generation, std::move(opened));
  }
  if (generation->unread() > 0) {
    output->gaps.push_back(
        {generation->source, {generation->offset, generation->size}, LossReason::kUnpinned});
  }
  Close(generation);
  output->closed.back().gone = true;
}

void Tailer::Impl::EndPass(const Tick& tick) {
  ++passes;
  scanning = false;
  hints_lost = hints_lost || !finder.trusted();  // what cannot be listed gives no hints
  if (finder.trusted()) {
    if (!trusted_since) trusted_since = tick.now;
    for (auto it = by_path.begin(); it != by_path.end();) {
      Container* container = Get(it->second);
      if (container->pass != passes) {
        for (const auto& generation : container->generations) ++generation->missed;
        Missed(container, tick);
        if (Restless(*container, tick)) Stir(container);
      }
      if (container->pass != passes && container->generations.empty()) {
        containers[static_cast<std::uint32_t>(it->second)] = nullptr;
        it = by_path.erase(it);
      } else {
        ++it;
      }
    }
    ForgetUnseen(tick);
  } else {
    trusted_since.reset();
  }
  // Copies of files that this pass has not seen may now take their checkpoints.
  if (passes == 1) {
    for (const auto& container : containers) {
      for (const auto& generation : container->generations) {
        if (generation->state == GenerationState::kNew) QueueOpening(generation.get());
      }
    }
  }
  const Duration by_size = kScanPerContainer * static_cast<std::int64_t>(by_path.size());
  next_blind = tick.now + std::clamp(by_size, kScanIntervalMin,
                                     std::max(kScanIntervalMin, options.blind_rescan_interval));
  next_scan = tick.now + options.rescan_interval;
}

// Checkpoints of files that went away while podtail was not there.
void Tailer::Impl::ForgetUnseen(const Tick& tick) {
  if (tick.now - *trusted_since < kVanishAfter || passes < 2 || !opening.empty()) return;
  const auto keeps = [&](const Checkpoint& checkpoint) {
    // Somewhere this tailer does not look, it may still be.
    return !checkpoint.path.starts_with(options.root + "/") ||
           !finder.Wants(std::string_view(checkpoint.path).substr(options.root.size() + 1));
  };
  for (const Checkpoint& gone : known.TakeGone(keeps)) output->vanished.push_back(gone.file);
}

void Tailer::Impl::Erase(Generation* generation) {
  const auto known_as = by_key.find(generation->key);
  if (known_as != by_key.end() && known_as->second == generation) by_key.erase(known_as);
  Detach(*generation);
  CloseFile(generation);
  --generations;
}

}  // namespace podtail
