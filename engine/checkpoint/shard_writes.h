// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_CHECKPOINT_SHARD_WRITES_H_
#define PODTAIL_ENGINE_CHECKPOINT_SHARD_WRITES_H_
// One shard's own write numbers, 1, 2, 3 ..., over a writer that it shares with
// others. However long the disk stands still, at most kPendingMax pairs are
// remembered: the newest ones become durable together.
// Not thread-safe.
#include <cstddef>
#include <cstdint>
#include <deque>

#include "podtail/write_progress.h"

namespace podtail {

class ShardWrites {
 public:
  // The shard's number for the write that the shared writer calls `shared`.
  // REQUIRES: `shared` grows from call to call.
  WriteSequence Add(WriteSequence shared) {
    ++last_;
    if (pending_.size() == kPendingMax) pending_.pop_back();
    pending_.push_back({last_, shared});
    return WriteSequence{last_};
  }

  // The shard's last durable write, the shared writer's being `shared`.
  WriteSequence Durable(WriteSequence shared) {
    while (!pending_.empty() && pending_.front().shared <= shared) {
      durable_ = pending_.front().own;
      pending_.pop_front();
    }
    return WriteSequence{durable_};
  }

  bool waiting() const noexcept { return durable_ != last_; }

 private:
  static constexpr std::size_t kPendingMax = 8;
  struct Pair {
    std::uint64_t own;
    WriteSequence shared;
  };
  std::deque<Pair> pending_;  // in order
  std::uint64_t last_ = 0;
  std::uint64_t durable_ = 0;
};

}  // namespace podtail
#endif
