// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_STATE_H_
#define PODTAIL_ENGINE_SIM_SIM_STATE_H_
// One life's state: the real checkpoint store and loss log over a simulated disk,
// with the oracle looking at everything that passes.
#include <deque>
#include <memory>
#include <utility>

#include "engine/checkpoint/file_checkpoint_store.h"
#include "engine/checkpoint/file_loss_log.h"
#include "engine/sim/sim_durable_directory.h"
#include "engine/sim/sim_oracle.h"

namespace podtail {

class SimStore : public CheckpointStore {
 public:
  SimStore(SimDurableDirectory* disk, SimOracle* oracle, FileCheckpointStoreOptions options)
      : store_(disk, options), oracle_(oracle) {}

  // Loaded before the engine is made, so that the oracle knows what it begins with.
  Expected<LoadedCheckpoints> LoadFirst();
  Expected<LoadedCheckpoints> Load() override { return std::move(loaded_); }
  WriteSequence Submit(CheckpointEdit edit) override;
  WriteProgress Poll(const Tick& tick) override;
  int readiness_fd() const noexcept override { return -1; }

 private:
  FileCheckpointStore store_;
  SimOracle* const oracle_;
  LoadedCheckpoints loaded_;
  std::deque<std::pair<WriteSequence, CheckpointEdit>> pending_;
};

class SimLosses : public LossLog {
 public:
  SimLosses(std::unique_ptr<FileLossLog> log, SimOracle* oracle)
      : log_(std::move(log)), oracle_(oracle) {}

  Expected<WriteSequence> Append(const LossEntry& entry) override;
  WriteProgress Poll(const Tick& tick) override;
  int readiness_fd() const noexcept override { return -1; }

 private:
  std::unique_ptr<FileLossLog> log_;
  SimOracle* const oracle_;
};

}  // namespace podtail
#endif
