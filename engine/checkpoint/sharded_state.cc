// SPDX-License-Identifier: Apache-2.0
#include "engine/checkpoint/sharded_state.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "engine/base/check.h"
#include "engine/checkpoint/shard_writes.h"
#include "engine/parse/shard_of.h"
#include "engine/port/mutex.h"
#include "podtail/pod_log_path.h"

namespace podtail {
namespace {

constexpr Duration kLookAtWrites = std::chrono::milliseconds(20);

// What the shared writer says, as this shard must read it. Another shard's Poll()
// may have started the job that carries this shard's writes, and may take its
// result: so whoever waits looks again soon.
WriteProgress ForShard(WriteProgress shared, ShardWrites* writes, Instant now) {
  shared.durable = writes->Durable(shared.durable);
  if (writes->waiting()) shared.next = std::min(shared.next, now + kLookAtWrites);
  return shared;
}

}  // namespace

std::uint32_t ShardOfPath(std::string_view path, std::uint32_t count) noexcept {
  const auto pod = ParsePodLogPath(path);
  return ShardOf(pod ? pod->pod_uid : path, count);
}

struct ShardedState::Shared {
  CheckpointStore* const store;
  LossLog* const losses;
  const std::uint32_t count;

  Mutex mutex;                   // guards what `store` and `losses` point to, and what follows
  Instant now = Instant::min();  // the latest tick of any shard
  bool loaded = false;
  Status load_error;
  std::vector<LoadedCheckpoints> dealt;  // by shard, until it is fetched

  void LoadOnce();
  // The shards' ticks are taken on different threads, and time must not go back.
  Tick Later(const Tick& tick) {
    now = std::max(now, tick.now);
    return Tick{now, tick.wall};
  }
};

void ShardedState::Shared::LoadOnce() {
  if (loaded) return;
  loaded = true;
  auto all = store->Load();
  if (!all) {
    load_error = std::move(all).error();
    return;
  }
  dealt.resize(count);
  for (LoadedCheckpoints& share : dealt) {
    share.damage = all->damage;
    share.fresh = all->fresh;
  }
  for (Checkpoint& checkpoint : all->checkpoints) {
    const std::uint32_t shard = ShardOfPath(checkpoint.path, count);
    dealt[shard].checkpoints.push_back(std::move(checkpoint));
  }
}

class ShardedState::Checkpoints final : public CheckpointStore {
 public:
  Checkpoints(Shared* shared, std::uint32_t shard) : shared_(shared), shard_(shard) {}

  Expected<LoadedCheckpoints> Load() override {
    const MutexLock lock(&shared_->mutex);
    shared_->LoadOnce();
    if (!shared_->load_error.ok()) return Unexpected(shared_->load_error);
    return std::exchange(shared_->dealt[shard_], {});
  }
  WriteSequence Submit(CheckpointEdit edit) override {
    const MutexLock lock(&shared_->mutex);
    return writes_.Add(shared_->store->Submit(std::move(edit)));
  }
  WriteProgress Poll(const Tick& tick) override {
    const MutexLock lock(&shared_->mutex);
    const Tick later = shared_->Later(tick);
    return ForShard(shared_->store->Poll(later), &writes_, tick.now);
  }
  int readiness_fd() const noexcept override { return -1; }

 private:
  Shared* const shared_;
  const std::uint32_t shard_;
  ShardWrites writes_;
};

class ShardedState::Losses final : public LossLog {
 public:
  explicit Losses(Shared* shared) : shared_(shared) {}

  Expected<WriteSequence> Append(const LossEntry& entry) override {
    const MutexLock lock(&shared_->mutex);
    auto sequence = shared_->losses->Append(entry);
    if (!sequence) return sequence;
    return writes_.Add(*sequence);
  }
  WriteProgress Poll(const Tick& tick) override {
    const MutexLock lock(&shared_->mutex);
    const Tick later = shared_->Later(tick);
    return ForShard(shared_->losses->Poll(later), &writes_, tick.now);
  }
  int readiness_fd() const noexcept override { return -1; }

 private:
  Shared* const shared_;
  ShardWrites writes_;
};

ShardedState::ShardedState(CheckpointStore* store, LossLog* losses, std::uint32_t count)
    : shared_(new Shared{store, losses, count, {}, Instant::min(), false, {}, {}}) {
  for (std::uint32_t shard = 0; shard < count; ++shard) {
    checkpoints_.push_back(std::make_unique<Checkpoints>(shared_.get(), shard));
    losses_.push_back(std::make_unique<Losses>(shared_.get()));
  }
}

ShardedState::~ShardedState() = default;

CheckpointStore* ShardedState::checkpoints(std::uint32_t shard) noexcept {
  PODTAIL_DCHECK(shard < checkpoints_.size());
  return checkpoints_[shard].get();
}

LossLog* ShardedState::losses(std::uint32_t shard) noexcept {
  PODTAIL_DCHECK(shard < losses_.size());
  return losses_[shard].get();
}

}  // namespace podtail
