// SPDX-License-Identifier: Apache-2.0
#include "podtail/tailer.h"

#include "engine/base/check.h"
#include "engine/tail/tailer_impl.h"

namespace podtail {

Expected<std::unique_ptr<Tailer>> Tailer::Create(TailerOptions options, LogFileSystem* files,
                                                 Observer* observer) {
  const auto refuse = [](std::string_view why) {
    return Unexpected(Status(StatusCode::kInvalidArgument, why));
  };
  if (files == nullptr) return refuse("TailerOptions: a LogFileSystem is required");
  if (options.root.empty()) return refuse("TailerOptions: root is empty");
  if (options.read_buffer_bytes < 16 * 1024) {
    return refuse("TailerOptions: read_buffer_bytes is below 16 KiB");
  }
  if (options.open_files_max == 0) return refuse("TailerOptions: open_files_max is 0");
  if (options.shard.count == 0 || options.shard.index >= options.shard.count) {
    return refuse("TailerOptions: shard.index is not below shard.count");
  }
  while (options.root.size() > 1 && options.root.back() == '/') options.root.pop_back();
  return std::unique_ptr<Tailer>(
      new Tailer(std::make_unique<Impl>(std::move(options), files, observer)));
}

Tailer::Tailer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tailer::~Tailer() = default;

Tailer::Impl::Impl(TailerOptions given, LogFileSystem* file_system, Observer* watcher)
    : options(std::move(given)),
      files(file_system),
      observer(watcher),
      finder(&options, file_system, watcher),
      buffer(std::make_unique_for_overwrite<char[]>(options.read_buffer_bytes + kPadding)) {
  std::fill_n(buffer.get() + options.read_buffer_bytes, kPadding, '\0');
}

void Tailer::Restore(std::span<const Checkpoint> checkpoints, bool fresh) {
  PODTAIL_DCHECK(impl_->passes == 0 && impl_->containers.empty());
  impl_->known.Restore(checkpoints);
  impl_->first_life = fresh;
}

Instant Tailer::Poll(const Tick& tick, const PollBudget& budget, TailOutput* out) {
  return impl_->Poll(tick, budget, out->impl_.get());
}

Instant Tailer::Impl::Poll(const Tick& tick, const PollBudget& budget, TailOutput::Impl* out) {
  ++polls;
  output = out;
  output->Clear();
  used = 0;
  const ChangeHints hints = files->TakeChangeHints();
  if (!hints.paths.empty()) next_scan = tick.now;
  Scan(tick);
  Look(tick);
  OpenNew(tick);
  bytes_left = 0;
  lines_left = 0;
  if (budget.bytes_max > 0) {
    ReadReady(tick, budget);
    SealRested(tick);
  }
  output = nullptr;
  const bool busy = scanning || (!opening.empty() && files_open < options.open_files_max) ||
                    (!ready.empty() && budget.bytes_max > 0);
  return busy ? tick.now : std::min(next_scan, next_look);
}

void Tailer::Impl::Queue(Container* container) {
  if (container->queued) return;
  container->queued = true;
  ready.push_back(container->id);
}

void Tailer::Impl::QueueOpening(Container* container, Generation* generation) {
  opening.emplace_back(container->id, generation->key);
}

void Tailer::Impl::CloseFile(Generation* generation) {
  if (generation->file == nullptr) return;
  generation->file.reset();
  --files_open;
}

void Tailer::Retire(SourceId source, const ReplayState& replay) {
  const auto index = static_cast<std::uint32_t>(source);
  if (index >= impl_->by_source.size()) return;
  const auto& [id, key] = impl_->by_source[index];
  Container* container = impl_->Get(id);
  Generation* generation = container == nullptr ? nullptr : impl_->Find(container, key);
  if (generation == nullptr || generation->source != source ||
      generation->state != GenerationState::kClosed) {
    return;  // it began again in place, or its container is gone
  }
  generation->state = GenerationState::kRetired;
  Checkpoint end;
  end.file = generation->identity;
  end.committed = {generation->offset, generation->tail, replay};
  end.path = impl_->FullPath(*container, *generation);
  end.device = generation->device;
  generation->start = std::move(end);
  generation->grew = true;
  impl_->CloseFile(generation);
}

void Tailer::Pause(ContainerId container) {
  if (Container* paused = impl_->Get(container)) paused->paused = true;
}

void Tailer::Resume(ContainerId id) {
  Container* container = impl_->Get(id);
  if (container == nullptr || !container->paused) return;
  container->paused = false;
  container->reset_at_end = false;
  for (const auto& generation : container->generations) {
    if (generation->state == GenerationState::kNew) {
      impl_->QueueOpening(container, generation.get());
    }
  }
  impl_->Queue(container);
}

void Tailer::Reset(ContainerId id, std::span<const Checkpoint> checkpoints) {
  Container* container = impl_->Get(id);
  if (container == nullptr) return;
  container->paused = true;
  container->reset_at_end = std::none_of(
      container->generations.begin(), container->generations.end(),
      [](const auto& generation) { return generation->active() && generation->readable(); });
  for (const auto& generation : container->generations) {
    if (generation->state != GenerationState::kReading &&
        generation->state != GenerationState::kClosed) {
      continue;
    }
    for (const Checkpoint& checkpoint : checkpoints) {
      if (checkpoint.file == generation->identity) {
        generation->start = checkpoint;
        generation->grew = false;
      }
    }
    if (!generation->start) continue;
    generation->state = GenerationState::kNew;
    generation->offset = 0;
    generation->looked_to = 0;
    generation->mid_line = false;
  }
}

TailerState Tailer::state() const noexcept {
  return impl_->State();
}

TailerState Tailer::Impl::State() const {
  TailerState state;
  state.bytes_read = bytes_read;
  state.files_open = files_open;
  state.files_known = generations;
  state.at_end = passes > 0 && opening.empty() && ready.empty();
  for (const auto& container : containers) {
    if (container == nullptr) continue;
    for (const auto& generation : container->generations) {
      if (!generation->active()) continue;
      const std::uint64_t from =
          generation->start ? generation->start->committed.offset : generation->offset;
      if (generation->size > from) state.unread_bytes += generation->size - from;
      if (container->reset_at_end) continue;
      if (generation->readable() || container->paused ||
          (generation->state == GenerationState::kNew &&
           generation->size > generation->looked_to)) {
        state.at_end = false;
      }
    }
  }
  return state;
}

int Tailer::readiness_fd() const noexcept {
  return impl_->files->readiness_fd();
}

}  // namespace podtail
