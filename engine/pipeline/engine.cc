// SPDX-License-Identifier: Apache-2.0
#include "podtail/engine.h"

#include <algorithm>

#include "engine/pipeline/engine_impl.h"

namespace podtail {
namespace {

// The read buffer, a turn's worth of records and some room for what waits.
constexpr std::size_t kMemoryBytesMin = 8 * 1024 * 1024;
constexpr std::size_t kReadBufferBytesMax = 1024 * 1024;

Unexpected<Status> Refuse(std::string_view why) {
  return Unexpected(Status(StatusCode::kInvalidArgument, why));
}

AssemblerOptions ForAssembler(const EngineOptions& options, const SinkNeeds& needs) {
  AssemblerOptions assembler;
  assembler.lane = needs.lane;
  assembler.join_fragments = options.join_fragments;
  assembler.run_gap_bytes_max = options.run_gap_bytes_max;
  assembler.run_age_max = options.run_age_max;
  assembler.joiner.unique_times = needs.unique_times;
  assembler.joiner.drop_overflow = options.line_overflow == LineOverflow::kDrop;
  assembler.joiner.record_bytes_max =
      needs.record_bytes_max == 0 ? options.record_bytes_max
                                  : std::min(needs.record_bytes_max, options.record_bytes_max);
  return assembler;
}

LaneLimits ForLanes(const EngineOptions& options, const SinkNeeds& needs) {
  LaneLimits limits;
  limits.batch_bytes_max = needs.batch_bytes_max == 0
                               ? options.batch_bytes_max
                               : std::min(needs.batch_bytes_max, options.batch_bytes_max);
  limits.batch_records_max = options.batch_records_max;
  limits.batch_age_max = options.batch_age_max;
  return limits;
}

}  // namespace

Expected<std::unique_ptr<Engine>> Engine::Create(EngineOptions options, EngineParts parts) {
  if (parts.files == nullptr) return Refuse("EngineParts: files is required");
  if (parts.exporter == nullptr) return Refuse("EngineParts: an exporter is required");
  if (options.memory_bytes_max < kMemoryBytesMin) {
    return Refuse("EngineOptions: memory_bytes_max is below 8 MiB");
  }
  if (options.record_bytes_max == 0 || options.record_bytes_max > options.memory_bytes_max / 4) {
    return Refuse(
        "EngineOptions: record_bytes_max must be 1 byte to a quarter of memory_bytes_max");
  }
  if (options.batch_bytes_max == 0 || options.batch_records_max == 0) {
    return Refuse("EngineOptions: batch_bytes_max and batch_records_max must not be 0");
  }
  options.batch_bytes_max = std::min(options.batch_bytes_max, options.memory_bytes_max / 8);
  options.tailer.read_buffer_bytes =
      std::min(options.tailer.read_buffer_bytes, kReadBufferBytesMax);
  auto extractor = MessageExtractor::Create(options.extract);
  if (!extractor) return Unexpected(std::move(extractor).error());
  auto tailer = Tailer::Create(options.tailer, parts.files, parts.observer);
  if (!tailer) return Unexpected(std::move(tailer).error());

  auto impl = std::make_unique<Impl>(std::move(options), std::move(parts),
                                     std::move(extractor).value(), std::move(tailer).value());
  auto loaded = impl->store->Load();
  if (!loaded) return Unexpected(std::move(loaded).error());
  impl->SayTrouble(loaded->damage, &impl->store_trouble);
  impl->tailer->Restore(loaded->checkpoints, loaded->fresh);
  for (const int fd : {impl->tailer->readiness_fd(), impl->store->readiness_fd(),
                       impl->parts.exporter->readiness_fd(),
                       impl->parts.losses == nullptr ? -1 : impl->parts.losses->readiness_fd()}) {
    if (Status added = impl->readiness.Add(fd); !added.ok()) return Unexpected(std::move(added));
  }
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

Engine::Impl::Impl(EngineOptions given, EngineParts given_parts, MessageExtractor message_extractor,
                   std::unique_ptr<Tailer> log_tailer)
    : options(std::move(given)),
      parts(std::move(given_parts)),
      buffer_bytes(options.tailer.read_buffer_bytes),
      store(parts.checkpoints == nullptr ? &volatile_store : parts.checkpoints),
      metadata(options.metadata_entries_max, options.node_name, parts.labels),
      extractor(std::move(message_extractor)),
      tailer(std::move(log_tailer)),
      lanes(ForLanes(options, parts.exporter->needs()), &ledger, parts.exporter.get()),
      assembler(ForAssembler(options, parts.exporter->needs()), &metadata, &extractor, &lanes,
                &ledger, &account, parts.observer) {}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Expected<Instant> Engine::Poll(const Tick& tick) {
  return impl_->Poll(tick);
}

void Engine::BeginDrain() {
  impl_->draining = true;
}

bool Engine::at_end() const noexcept {
  return impl_->AtEnd();
}

bool Engine::idle() const noexcept {
  return impl_->Settled() && (impl_->draining || impl_->AtEnd());
}

Instant Engine::held_since() const noexcept {
  return impl_->held_since;
}

Instant Engine::accepted_at() const noexcept {
  return impl_->accepted_at.value_or(Instant{});
}

int Engine::readiness_fd() const noexcept {
  return impl_->readiness.fd();
}

EngineCounters Engine::counters() const noexcept {
  return impl_->Counters();
}

EngineCounters Engine::Impl::Counters() const {
  EngineCounters counters = counted;
  const TailerState state = tailer->state();
  const BatchAssembler::Counters& assembled = assembler.counters();
  counters.bytes_read = state.bytes_read;
  counters.lines_read = assembled.lines;
  counters.malformed_lines = assembled.malformed_lines;
  counters.records = assembled.records;
  counters.uncommitted_bytes = ledger.uncommitted_bytes();
  counters.settled_bytes = account.settled_bytes();
  counters.lost_bytes = account.lost_bytes();
  counters.waiting_bytes = account.held_bytes() + state.unread_bytes;
  counters.memory_bytes = memory_in_use();
  counters.files_open = state.files_open;
  counters.lanes_blocked = lanes.blocked();
  return counters;
}

EngineOptions OptionsForShard(const EngineOptions& whole, Shard shard, std::uint32_t engines) {
  EngineOptions part = whole;
  const std::uint32_t count = std::max<std::uint32_t>(1, engines);
  part.tailer.shard = shard;
  part.memory_bytes_max = whole.memory_bytes_max / count;
  part.tailer.open_files_max = std::max<std::uint32_t>(1, whole.tailer.open_files_max / count);
  part.tailer.pinned_bytes_max = whole.tailer.pinned_bytes_max / count;
  return part;
}

}  // namespace podtail
