// SPDX-License-Identifier: Apache-2.0
// Memory: who has it, who has to wait, who gives it back.
#include <algorithm>

#include "engine/pipeline/engine_impl.h"

namespace podtail {
namespace {

constexpr Duration kShedPauseMax = std::chrono::seconds(60);

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
  if (lanes.memory_bytes() < container_bytes_max()) return;
  for (const ContainerId container : lanes.HeavierThan(container_bytes_max())) {
    if (paused.insert(container).second) tailer->Pause(container);
  }
}

void Engine::Impl::MakeRoom(const Tick& tick) {
  // First whatever can be sent, however young.
  lanes.SealAll();
  if (lanes.Offer(tick, durable)) exporter_due = tick.now;
  if (!lanes.empty()) return;
  // Nothing is on its way: all the memory is in runs that wait for their end.
  if (parts.exporter == nullptr) return;
  ShedLargest(tick);
}

void Engine::Impl::ShedLargest(const Tick& tick) {
  const auto container = assembler.LargestRuns();
  if (!container) return;
  const std::size_t before = assembler.memory_bytes();
  const PodResource* resource = assembler.ResourceOf(*container);
  const PodResource who = resource == nullptr ? PodResource{} : *resource;
  const std::vector<Checkpoint> starts = assembler.Drop(*container);
  lanes.Drop(*container);
  tailer->Reset(*container, starts);
  ++counted.sheds;
  if (parts.observer != nullptr) {
    parts.observer->OnShed(who, before - assembler.memory_bytes());
  }
  // Again after a pause that grows: a run that never ends is read now and then.
  Shed& each = shed[*container];
  if (each.resumed) each.pause = std::min(2 * each.pause, kShedPauseMax);
  each.resumed = false;
  each.resume_at = tick.now + each.pause;
}

void Engine::Impl::ResumeShed(const Tick& tick) {
  for (auto& [container, each] : shed) {
    if (each.resumed || tick.now < each.resume_at) continue;
    if (free_memory() < options.memory_bytes_max / 4) return;
    each.resumed = true;
    tailer->Resume(container);
  }
}

}  // namespace podtail
