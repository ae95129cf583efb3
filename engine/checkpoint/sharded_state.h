// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_CHECKPOINT_SHARDED_STATE_H_
#define PODTAIL_ENGINE_CHECKPOINT_SHARDED_STATE_H_
// One checkpoint store and one loss log, shared by several engines, each on its
// own thread: one load, one journal, one sync for whatever all of them submitted.
//
// A shard sees its own numbers, and the checkpoints of the pods that are its own.
// There is one mutex; nothing blocks while it is held. The descriptor of the disk
// cannot tell one thread from another, so shards look at the clock instead: a
// commit is seen at most 20 ms late.
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "podtail/checkpoint.h"
#include "podtail/loss_log.h"

namespace podtail {

// Whose checkpoint `path` is: by the uid of its pod, or, where the path has
// none, by the path. REQUIRES: count > 0.
std::uint32_t ShardOfPath(std::string_view path, std::uint32_t count) noexcept;

class ShardedState {
 public:
  // Borrows `store` and `losses`, which nobody else may use from now on.
  // REQUIRES: count > 0.
  ShardedState(CheckpointStore* store, LossLog* losses, std::uint32_t count);
  ~ShardedState();
  ShardedState(const ShardedState&) = delete;
  ShardedState& operator=(const ShardedState&) = delete;

  // Borrow from this object; each pair for one thread. REQUIRES: shard < count.
  CheckpointStore* checkpoints(std::uint32_t shard) noexcept;
  LossLog* losses(std::uint32_t shard) noexcept;

 private:
  struct Shared;
  class Checkpoints;
  class Losses;

  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Checkpoints>> checkpoints_;
  std::vector<std::unique_ptr<Losses>> losses_;
};

}  // namespace podtail
#endif
