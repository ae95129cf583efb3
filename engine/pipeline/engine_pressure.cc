// SPDX-License-Identifier: Apache-2.0
// Memory: who has it, who has to wait, who gives it back.
#include <algorithm>

#include "engine/pipeline/engine_impl.h"

namespace podtail {
namespace {

constexpr Duration kShedPauseMin = std::chrono::seconds(1);
constexpr Duration kShedPauseMax = std::chrono::seconds(60);
// Not shed for so long: the next time counts as the first.
constexpr Duration kShedForgottenAfter = std::chrono::minutes(10);

}  // namespace

std::size_t Engine::Impl::memory_in_use() const {
  return buffer_bytes + lanes.memory_bytes() + assembler.memory_bytes();
}

std::size_t Engine::Impl::free_memory() const {
  const std::size_t used = memory_in_use();
  return used >= options.memory_bytes_max ? 0 : options.memory_bytes_max - used;
}

std::size_t Engine::Impl::container_bytes_max() const {
  return std::max(2 * options.batch_bytes_max, options.memory_bytes_max / 8);
}

// One container cannot fill the memory of all with what its lane cannot send.
void Engine::Impl::PauseHeavy() {
  const auto pause = [&](ContainerId container) {
    if (paused.insert(container).second) tailer->Pause(container);
  };
  if (lanes.memory_bytes() >= container_bytes_max()) {
    for (const ContainerId heavy : lanes.HeavierThan(container_bytes_max())) pause(heavy);
  }
  for (const auto& [container, each] : shed) {
    if (!each.on_probation || !each.resumed) continue;
    if (lanes.waiting_bytes(container) > 0 ||
        lanes.container_bytes(container) >= options.batch_bytes_max) {
      pause(container);
    }
  }
}

void Engine::Impl::ResumeLight() {
  for (auto it = paused.begin(); it != paused.end();) {
    const bool light = OnProbation(*it) ? lanes.container_bytes(*it) == 0
                                        : lanes.waiting_bytes(*it) < container_bytes_max() / 2;
    if (light) tailer->Resume(*it);
    it = light ? paused.erase(it) : std::next(it);
  }
}

void Engine::Impl::MakeRoom(const Tick& tick) {
  // First whatever can be sent, however young.
  lanes.SealAll();
  if (lanes.Offer(tick, durable)) exporter_due = tick.now;
  // Otherwise nothing is on its way that would make room: all the memory is in
  // runs that wait for their end, and in lanes that are refused.
  if (lanes.only_refused()) ShedLargest(tick);
}

void Engine::Impl::ShedLargest(const Tick& tick) {
  std::map<ContainerId, std::size_t> bytes;
  lanes.AddRefusedBytes(&bytes);
  assembler.AddRunBytes(&bytes);
  const std::pair<const ContainerId, std::size_t>* largest = nullptr;
  for (const auto& each : bytes) {
    const bool larger = largest == nullptr || each.second > largest->second;
    if (larger && MayShed(each.first)) largest = &each;
  }
  if (largest == nullptr) return;
  Submit(tick);
  ShedOne(largest->first, tick);
}

// So that what one part of the sink refuses leaves room for the rest.
void Engine::Impl::ShedRefused(const Tick& tick) {
  const std::size_t allowed = options.memory_bytes_max / 2;
  // Draining needs no room: nothing is read any more.
  if (draining || lanes.memory_bytes() <= allowed) return;
  std::map<ContainerId, std::size_t> bytes;
  lanes.AddRefusedBytes(&bytes);
  std::size_t held = 0;
  for (const auto& [container, each] : bytes) held += each;
  if (held <= allowed) return;
  std::vector<std::pair<ContainerId, std::size_t>> largest(bytes.begin(), bytes.end());
  std::stable_sort(largest.begin(), largest.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  Submit(tick);
  for (const auto& [container, each] : largest) {
    if (held <= allowed) return;
    if (!MayShed(container)) continue;
    ShedOne(container, tick);
    held -= each;
  }
}

// Not while what it lost, or a part of that, is on its way to the loss log, or it
// would be written there twice; and not when only memory still has its bytes.
bool Engine::Impl::MayShed(ContainerId container) const {
  const auto on_its_way = [&](const Losing& entry) {
    const bool begun = entry.appended || entry.refusals > 0 || entry.pieces > 0;
    return begun && entry.container == container;
  };
  return std::none_of(losing.begin(), losing.end(), on_its_way) &&
         assembler.CanReadAgain(container);
}

// REQUIRES: Submit() just before: a restart would begin where this begins.
void Engine::Impl::ShedOne(ContainerId container, const Tick& tick) {
  const std::size_t before = memory_in_use();
  const bool refused = lanes.refuses(container);
  const PodResource* resource = assembler.ResourceOf(container);
  const PodResource who = resource == nullptr ? PodResource{} : *resource;
  losing.erase(std::remove_if(losing.begin(), losing.end(),
                              [&](const Losing& entry) { return entry.container == container; }),
               losing.end());
  const std::vector<Checkpoint> starts = assembler.Drop(container);
  lanes.Drop(container);
  tailer->Reset(container, starts);
  paused.erase(container);
  ++counted.sheds;
  if (parts.observer != nullptr) parts.observer->OnShed(who, before - memory_in_use());
  // Again after a pause that grows: what never ends, or is never taken, is read
  // now and then.
  Shed& each = shed[container];
  each.pause = each.pause == Duration{} ? kShedPauseMin : std::min(2 * each.pause, kShedPauseMax);
  each.resumed = false;
  each.on_probation = refused;
  each.resume_at = tick.now + each.pause;
}

void Engine::Impl::ResumeShed(const Tick& tick) {
  for (auto it = shed.begin(); it != shed.end();) {
    const ContainerId container = it->first;
    Shed& each = it->second;
    if (each.resumed && !each.on_probation && tick.now - each.resume_at >= kShedForgottenAfter) {
      it = shed.erase(it);
      continue;
    }
    ++it;
    if (each.resumed || tick.now < each.resume_at) continue;
    if (free_memory() < std::min(options.memory_bytes_max / 4, kTurnBytes)) return;
    each.resumed = true;
    tailer->Resume(container);
    if (each.on_probation) return;  // one in a turn, which may be all that it reads
  }
}

bool Engine::Impl::OnProbation(ContainerId container) const {
  const auto found = shed.find(container);
  return found != shed.end() && found->second.on_probation;
}

// The sink has taken something of it. Has it taken all there was?
void Engine::Impl::EndProbation(ContainerId container) {
  const auto found = shed.find(container);
  if (found == shed.end() || !found->second.resumed) return;
  if (lanes.container_bytes(container) == 0) found->second.on_probation = false;
}

}  // namespace podtail
