// SPDX-License-Identifier: Apache-2.0
// What shedding asks of the assembler: who holds how much, and to forget it.
#include <algorithm>

#include "engine/pipeline/batch_assembler.h"

namespace podtail {

std::vector<Checkpoint> BatchAssembler::Drop(ContainerId container) {
  std::vector<Checkpoint> starts;
  for (auto it = sources_.begin(); it != sources_.end();) {
    if (it->second.container != container) {
      ++it;
      continue;
    }
    if (it->second.instance->sources.front() == it->first) {  // once per instance
      runs_bytes_ -= it->second.instance->runs.memory_bytes();
    }
    if (it->second.late_runs != nullptr) runs_bytes_ -= it->second.late_runs->memory_bytes();
    if (it->second.split != nullptr) runs_bytes_ -= it->second.split->memory_bytes();
    starts.push_back(ledger_->Drop(it->first));
    account_->Drop(it->first, starts.back().committed.offset);
    it = sources_.erase(it);
  }
  return starts;
}

bool BatchAssembler::CanReadAgain(ContainerId container) const {
  return std::none_of(sources_.begin(), sources_.end(), [&](const auto& each) {
    return each.second.container == container && each.second.gone;
  });
}

void BatchAssembler::AddRunBytes(std::map<ContainerId, std::size_t>* bytes) const {
  for (const auto& [id, source] : sources_) {
    std::size_t held = source.split == nullptr ? 0 : source.split->memory_bytes();
    if (source.late_runs != nullptr) held += source.late_runs->memory_bytes();
    if (source.instance->sources.front() == id) {  // once per instance
      held += source.instance->runs.memory_bytes();
    }
    if (held > 0) (*bytes)[source.container] += held;
  }
}

void BatchAssembler::AddRunShares(std::map<SourceId, std::uint64_t>* held) const {
  const auto add = [held](const FragmentJoiner& run) {
    for (const Piece& piece : run.pieces()) (*held)[piece.source] += piece.bytes;
  };
  for (const auto& [id, source] : sources_) {
    if (source.split != nullptr) add(*source.split);
    if (source.late_runs != nullptr) {
      for (const FragmentJoiner& run : source.late_runs->of) add(run);
    }
    if (source.instance->sources.front() != id) continue;  // once per instance
    for (const FragmentJoiner& run : source.instance->runs.of) add(run);
  }
}

}  // namespace podtail
