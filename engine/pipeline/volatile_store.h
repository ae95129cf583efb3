// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PIPELINE_VOLATILE_STORE_H_
#define PODTAIL_ENGINE_PIPELINE_VOLATILE_STORE_H_
// The checkpoint store of an engine without one: positions end with the process,
// so every edit counts as durable at once.
#include "podtail/checkpoint.h"

namespace podtail {

class VolatileStore : public CheckpointStore {
 public:
  Expected<LoadedCheckpoints> Load() override {
    LoadedCheckpoints nothing;
    nothing.fresh = true;
    return nothing;
  }
  WriteSequence Submit(CheckpointEdit /*edit*/) override {
    submitted_ = static_cast<WriteSequence>(static_cast<std::uint64_t>(submitted_) + 1);
    return submitted_;
  }
  WriteProgress Poll(const Tick& /*tick*/) override { return {submitted_, {}, Instant::max()}; }
  int readiness_fd() const noexcept override { return -1; }

 private:
  WriteSequence submitted_{};
};

}  // namespace podtail
#endif
