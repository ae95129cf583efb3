// SPDX-License-Identifier: Apache-2.0
// Names and generations: who was renamed, who is new, who has ended.
#include <tuple>

#include "engine/base/check.h"
#include "engine/tail/tailer_impl.h"
#include "podtail/observer.h"

namespace podtail {
namespace {

constexpr std::size_t kPodsPerStep = 64;
// A name may be missing from one pass because it was changed while it was read.
constexpr std::uint32_t kMissedPassesMin = 2;
// Two rotation periods of a kubelet (spec B.4).
constexpr Duration kVanishAfter = std::chrono::seconds(20);
constexpr Duration kScanPerContainer = std::chrono::milliseconds(1);
constexpr Duration kScanIntervalMin = std::chrono::milliseconds(250);
// Looking at a file costs about 1 us: at most 1 % of a core.
constexpr Duration kLookPerFile = std::chrono::microseconds(100);

bool OlderThan(const std::unique_ptr<Generation>& a, const std::unique_ptr<Generation>& b) {
  const FoundFile& x = a->name;
  const FoundFile& y = b->name;
  return std::make_tuple(x.restart_count, x.rotation.empty(), std::string_view(x.rotation)) <
         std::make_tuple(y.restart_count, y.rotation.empty(), std::string_view(y.rotation));
}

}  // namespace

void Tailer::Impl::Scan(const Tick& tick) {
  if (!scanning && tick.now < next_scan) return;
  scanning = true;
  found.clear();
  const bool complete = finder.Step(kPodsPerStep, &found);
  for (const FoundDirectory& directory : found) Reconcile(directory, tick);
  if (complete) EndPass(tick);
}

void Tailer::Impl::Reconcile(const FoundDirectory& directory, const Tick& tick) {
  const auto [entry, is_new] =
      by_path.try_emplace(directory.path, static_cast<ContainerId>(containers.size()));
  if (is_new) {
    containers.push_back(std::make_unique<Container>());
    containers.back()->id = entry->second;
    containers.back()->path = directory.path;
  }
  Container* container = Get(entry->second);
  container->pass = passes + 1;
  for (const auto& generation : container->generations) ++generation->missed_passes;
  for (const FoundFile& file : directory.files) {
    const auto stat = files->Stat(file.root, file.path);
    if (!stat) {
      if (stat.error().code() != StatusCode::kNotFound) {
        finder.Skip(file.path, SkipReason::kNotPermitted);
      }
      continue;
    }
    known.MarkAlive(KeyOf(*stat));
    Generation* generation = Find(container, KeyOf(*stat));
    if (generation == nullptr) {
      container->generations.push_back(std::make_unique<Generation>());
      ++generations;
      generation = container->generations.back().get();
      generation->name = file;
      generation->key = KeyOf(*stat);
      generation->rests_since = tick.now;
      generation->found_at = tick.now;
      generation->found_in = polls;
      generation->first_look = passes == 0;
      QueueOpening(container, generation);
    }
    UpdateFound(container, generation, file, *stat, tick);
  }
  // What was there before a new file of the same name is older than that file.
  std::stable_sort(container->generations.begin(), container->generations.end(), OlderThan);
  Missed(container, tick);
}

Generation* Tailer::Impl::Find(Container* container, const InstanceKey& key) const {
  for (const auto& generation : container->generations) {
    if (generation->key == key) return generation.get();
  }
  return nullptr;
}

void Tailer::Impl::UpdateFound(Container* container, Generation* generation, const FoundFile& file,
                               const FileStat& stat, const Tick& tick) {
  generation->missed_passes = 0;
  generation->device = stat.device;
  if (generation->name.name != file.name) {
    if (generation->name.rotation.empty() && observer != nullptr) {
      observer->OnFileRotated(options.root + "/" + file.path);
    }
    generation->name = file;
  }
  if (generation->file != nullptr && generation->active()) return;  // Look() sees it all
  generation->size = stat.size;
  generation->modify_time = stat.modify_time;
  if (generation->state == GenerationState::kRetired && stat.size != generation->offset) {
    // Written to after it was closed: goes on under a new id, or begins again.
    if (stat.size < generation->offset) generation->start.reset();
    generation->state = GenerationState::kNew;
    generation->looked_to = 0;
    generation->rests_since = tick.now;
    QueueOpening(container, generation);
  } else if (generation->readable()) {
    QueueOpening(container, generation);  // parked, and has grown
  }
}

void Tailer::Impl::Missed(Container* container, const Tick& tick) {
  auto& all = container->generations;
  const auto gone = [&](const std::unique_ptr<Generation>& generation) {
    if (generation->missed_passes == 0) return false;
    if (generation->missed_passes == 1) generation->missing_since = tick.now;
    if (generation->missed_passes < kMissedPassesMin) return false;
    return MissedGeneration(container, generation.get(), tick);
  };
  const std::size_t before = all.size();
  all.erase(std::remove_if(all.begin(), all.end(), gone), all.end());
  generations -= before - all.size();
}

bool Tailer::Impl::MissedGeneration(Container* container, Generation* generation,
                                    const Tick& tick) {
  switch (generation->state) {
    case GenerationState::kNew:
      // With a descriptor it is read and sealed like any other.
      if (generation->file != nullptr) return false;
      finder.Skip(generation->name.path, SkipReason::kMissed);
      return true;
    case GenerationState::kReading:
      if (generation->file != nullptr || container->paused) return false;
      // Parked, and now gone: what was not read by then is lost.
      if (generation->size > generation->offset) {
        output->gaps.push_back(
            {generation->source, {generation->offset, generation->size}, LossReason::kUnpinned});
      }
      output->closed.push_back(
          {generation->source, generation->offset, FinishesInstance(*container, *generation)});
      generation->state = GenerationState::kClosed;
      return false;
    case GenerationState::kClosed:
      return false;
    case GenerationState::kRetired:
      if (tick.now - generation->missing_since < kVanishAfter) return false;
      output->vanished.push_back(generation->identity);
      return true;
  }
  return false;
}

void Tailer::Impl::EndPass(const Tick& tick) {
  ++passes;
  scanning = false;
  if (finder.trusted()) {
    for (auto it = by_path.begin(); it != by_path.end();) {
      Container* container = Get(it->second);
      if (container->pass != passes) {
        for (const auto& generation : container->generations) ++generation->missed_passes;
        Missed(container, tick);
      }
      if (container->pass != passes && container->generations.empty()) {
        containers[static_cast<std::uint32_t>(it->second)] = nullptr;
        it = by_path.erase(it);
      } else {
        ++it;
      }
    }
  }
  // Copies of files that this pass has not seen may now take their checkpoints.
  if (passes == 1) {
    for (const auto& container : containers) {
      for (const auto& generation : container->generations) {
        if (generation->state == GenerationState::kNew) {
          QueueOpening(container.get(), generation.get());
        }
      }
    }
  }
  const Duration by_size = kScanPerContainer * static_cast<std::int64_t>(by_path.size());
  next_scan = tick.now + std::clamp(by_size, kScanIntervalMin,
                                    std::max(kScanIntervalMin, options.blind_rescan_interval));
}

void Tailer::Impl::Look(const Tick& tick) {
  if (tick.now < next_look) return;
  for (const auto& container : containers) {
    if (container == nullptr) continue;
    for (const auto& generation : container->generations) {
      LookAt(container.get(), generation.get(), tick);
    }
    if (NextOf(*container, tick) != nullptr) Queue(container.get());
  }
  const Duration by_files = kLookPerFile * static_cast<std::int64_t>(files_open);
  next_look = tick.now + std::max(options.look_interval, by_files);
}

void Tailer::Impl::LookAt(Container* container, Generation* generation, const Tick& tick) {
  if (generation->file == nullptr || !generation->active()) return;
  const auto stat = generation->file->Stat();
  if (!stat) return;
  generation->looked_in = polls;
  generation->deleted = stat->deleted;
  generation->modify_time = stat->modify_time;
  if (generation->state == GenerationState::kReading && stat->size < generation->offset) {
    Restart(generation);
  }
  if (stat->size != generation->size) generation->rests_since = tick.now;
  if (stat->size < generation->looked_to) generation->looked_to = stat->size;
  generation->size = stat->size;
  if (generation->state == GenerationState::kNew && generation->size > generation->looked_to) {
    QueueOpening(container, generation);
  }
}

bool Tailer::Impl::MaySeal(const Container& container, std::size_t index, const Tick& tick) const {
  const Generation& generation = *container.generations[index];
  if (!generation.active() || generation.file == nullptr) return false;
  if (generation.state == GenerationState::kReading && generation.readable()) return false;
  if (tick.now - generation.rests_since < options.seal_grace) return false;
  if (generation.deleted) return true;
  for (std::size_t i = index + 1; i < container.generations.size(); ++i) {
    const Generation& newer = *container.generations[i];
    // Writers change files late: the grace begins when there is a newer file.
    if (generation.looked_in < newer.found_in || tick.now - newer.found_at < options.seal_grace) {
      continue;
    }
    if (newer.size > 0 || newer.name.restart_count != generation.name.restart_count) return true;
  }
  return false;
}

void Tailer::Impl::SealRested(const Tick& tick) {
  for (const auto& container : containers) {
    if (container == nullptr || container->paused) continue;
    auto& all = container->generations;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!MaySeal(*container, i, tick)) continue;
      Generation* generation = all[i].get();
      if (generation->state == GenerationState::kNew) {
        // Never had a whole line: what there is must do for an identity.
        if (generation->size > 0) TryAnnounce(container.get(), generation, true, tick);
        if (generation->state == GenerationState::kNew) {
          if (generation->size == 0) generation->state = GenerationState::kRetired;
          CloseFile(generation);
          continue;
        }
      }
      if (generation->readable() || !EmitRest(generation)) continue;
      output->closed.push_back(
          {generation->source, generation->offset, FinishesInstance(*container, *generation)});
      generation->state = GenerationState::kClosed;
    }
  }
}

bool Tailer::Impl::FinishesInstance(const Container& container, const Generation& sealed) const {
  bool newer_instance = false;
  for (const auto& generation : container.generations) {
    if (generation.get() == &sealed) continue;
    if (generation->name.restart_count == sealed.name.restart_count && generation->active()) {
      return false;
    }
    newer_instance = newer_instance || generation->name.restart_count > sealed.name.restart_count;
  }
  return newer_instance || sealed.deleted || sealed.file == nullptr;
}

}  // namespace podtail
