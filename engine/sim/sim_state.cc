// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_state.h"

namespace podtail {

Expected<LoadedCheckpoints> SimStore::LoadFirst() {
  auto loaded = store_.Load();
  if (loaded) loaded_ = *loaded;
  return loaded;
}

WriteSequence SimStore::Submit(CheckpointEdit edit) {
  oracle_->Submitted(edit);
  CheckpointEdit kept = edit;
  const WriteSequence sequence = store_.Submit(std::move(edit));
  pending_.emplace_back(sequence, std::move(kept));
  return sequence;
}

WriteProgress SimStore::Poll(const Tick& tick) {
  WriteProgress progress = store_.Poll(tick);
  while (!pending_.empty() && pending_.front().first <= progress.durable) {
    oracle_->Durable(pending_.front().second);
    pending_.pop_front();
  }
  return progress;
}

Expected<WriteSequence> SimLosses::Append(const LossEntry& entry) {
  auto sequence = log_->Append(entry);
  if (sequence) oracle_->LossAppended(*sequence, entry);
  return sequence;
}

WriteProgress SimLosses::Poll(const Tick& tick) {
  WriteProgress progress = log_->Poll(tick);
  oracle_->LossDurable(progress.durable);
  return progress;
}

}  // namespace podtail
