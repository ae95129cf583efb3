// SPDX-License-Identifier: Apache-2.0
#include "podtail/tailer.h"

#include <utility>

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
  output = out;
  output->Clear();
  used = 0;
  bytes_left = 0;
  lines_left = 0;
  output->vanished = std::exchange(superseded, {});
  TakeHints(tick);
  Scan(tick);
  Look(tick);
  OpenNew(tick);
  if (budget.bytes_max > 0) {
    ReadReady(tick, budget);
    SealRested(tick);
  }
  output = nullptr;
  const bool busy = scanning || !hinted.empty() || (!opening.empty() && !opening_waits) ||
                    (!ready.empty() && budget.bytes_max > 0) || !superseded.empty();
  if (busy) return tick.now;
  Instant due = ScanDue();
  if (Blind()) due = std::min(due, next_look);
  if (!restless.empty() || opening_waits) due = std::min(due, next_restless_look);
  return std::max(due, tick.now);
}

void Tailer::Impl::Queue(Container* container) {
  if (container->queued) return;
  container->queued = true;
  ready.push_back(container->id);
}

void Tailer::Impl::QueueOpening(Generation* generation) {
  if (generation->in_opening) return;
  generation->in_opening = true;
  opening.push_back(generation->key);
}

void Tailer::Impl::CloseFile(Generation* generation) {
  if (generation->file == nullptr) return;
  ReleaseDecoder(generation);
  generation->archive = nullptr;
  generation->file.reset();
  --files_open;
}

// Its source, should it still wait to be retired, speaks of what it was.
void Tailer::Impl::Detach(const Generation& generation) {
  if (!generation.has_source) return;
  const auto source = sources.find(generation.source);
  if (source != sources.end()) source->second.generation = nullptr;
}

void Tailer::Retire(SourceId source, const ReplayState& replay) {
  const auto retired = impl_->sources.find(source);
  if (retired == impl_->sources.end()) return;
  Generation* generation = retired->second.generation;
  const FileIdentity file = retired->second.file;
  impl_->sources.erase(retired);
  if (generation == nullptr || generation->state != GenerationState::kClosed) {
    // It began again in place: what it was before is over.
    impl_->superseded.push_back(file);
    return;
  }
  generation->state = GenerationState::kRetired;
  Checkpoint end;
  end.file = generation->identity;
  end.committed = {generation->offset, generation->tail, replay};
  end.path = impl_->FullPath(*generation);
  end.device = generation->device;
  generation->start = std::move(end);
  generation->grew = true;
  // Written to after it was sealed, and perhaps without a name to come back by.
  if (generation->file != nullptr && generation->archive == nullptr) {
    const auto stat = generation->file->Stat();
    if (stat && stat->size > generation->offset) {
      generation->state = GenerationState::kNew;
      generation->size = stat->size;
      generation->looked_to = 0;
      impl_->QueueOpening(generation);
      impl_->Stir(generation->container);
      return;
    }
  }
  impl_->CloseFile(generation);
}

void Tailer::Pause(ContainerId container) {
  Container* paused = impl_->Get(container);
  if (paused == nullptr) return;
  paused->paused = true;
  for (const auto& generation : paused->generations) impl_->ReleaseDecoder(generation.get());
}

void Tailer::Resume(ContainerId container) {
  Container* resumed = impl_->Get(container);
  if (resumed == nullptr || !resumed->paused) return;
  resumed->paused = false;
  resumed->reset_at_end = false;
  for (const auto& generation : resumed->generations) {
    if (generation->state == GenerationState::kNew) impl_->QueueOpening(generation.get());
  }
  impl_->Queue(resumed);
  impl_->Stir(resumed);
}

void Tailer::Reset(ContainerId container, std::span<const Checkpoint> checkpoints) {
  Container* reset = impl_->Get(container);
  if (reset == nullptr) return;
  reset->paused = true;
  reset->reset_at_end = std::none_of(
      reset->generations.begin(), reset->generations.end(),
      [](const auto& generation) { return generation->readable() || generation->may_announce(); });
  for (const auto& generation : reset->generations) {
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
    impl_->sources.erase(generation->source);
    generation->state = GenerationState::kNew;
    generation->offset = 0;
    generation->looked_to = 0;
    generation->mid_line = false;
    generation->announced_begin = false;
    generation->drained = false;
    generation->whole = false;
    impl_->ReleaseDecoder(generation.get());
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
      state.unread_bytes += generation->unread();
      if (container->reset_at_end) continue;
      // An archive without an end waits to be sealed, which says what is missing.
      if (generation->readable() || container->paused || generation->may_announce() ||
          generation->drained) {
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
