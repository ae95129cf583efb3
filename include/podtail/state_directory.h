// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_STATE_DIRECTORY_H_
#define PODTAIL_STATE_DIRECTORY_H_
// What one sink leaves on disk:
//
//   DIR/<sink name>/   lock  journal  snapshot.0  snapshot.1  losses  losses.1
//
// The journal is append-only, a checksum per line, folded into the older of two
// snapshots now and then; all of it is text. Format: engine/checkpoint/FORMAT.md.
//
// All shards of a sink share one StateDirectory, so there is one lock, one
// load, and one sync per commit. Checkpoints are dealt out by the pod they
// belong to when they are loaded: another number of shards loses and repeats
// nothing. The posix implementation owns one thread, which does the syncs.
#include <cstdint>
#include <memory>
#include <string>
#include "podtail/checkpoint.h"
#include "podtail/expected.h"
#include "podtail/export.h"
#include "podtail/loss_log.h"
namespace podtail {

struct StateDirectoryOptions {
  std::string directory = {};  // created with mode 0700
  // Configured, never the URL: a sink that moves keeps its positions.
  std::string sink_name = {};  // [a-z0-9_-]+
  std::uint32_t shard_count = 1;
  std::uint64_t loss_bytes_max = 64 * 1024 * 1024;  // then rotated, once; then full
};

// Open before the engines, destroy after them.
class PODTAIL_EXPORT StateDirectory {
 public:
  // kFailedPrecondition: another process holds the lock. kUnavailable: the
  // directory cannot be created or written.
  static Expected<std::unique_ptr<StateDirectory>> Open(StateDirectoryOptions options);
  ~StateDirectory();
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;

  // Borrow from this object. Each shard's pair belongs to the thread of its
  // engine. REQUIRES: shard < shard_count.
  CheckpointStore* checkpoints(std::uint32_t shard = 0) noexcept;
  LossLog* losses(std::uint32_t shard = 0) noexcept;

 private:
  struct Impl;
  explicit StateDirectory(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace podtail
#endif
