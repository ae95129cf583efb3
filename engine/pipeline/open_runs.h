// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PIPELINE_OPEN_RUNS_H_
#define PODTAIL_ENGINE_PIPELINE_OPEN_RUNS_H_
// The runs of fragments that wait for their end, one per stream: those of a
// container instance, which cross from one of its files into the next, or those of
// lines that came late into one file, which end with it.
#include <array>
#include <vector>

#include "engine/record/fragment_joiner.h"
#include "podtail/checkpoint_ledger.h"
#include "podtail/tick.h"

namespace podtail {

struct OpenRuns {
  RunKind kind = RunKind::kOfInstance;
  std::array<FragmentJoiner, 2> of = {};           // stdout, stderr
  std::array<std::vector<SourceId>, 2> held = {};  // by the runs, in the ledger
  std::array<Instant, 2> opened_at = {};
  std::array<SourceId, 2> opened_in = {};  // the first file of the run, as far as this life knows

  bool any_open() const noexcept { return of[0].open() || of[1].open(); }
  std::size_t memory_bytes() const noexcept { return of[0].memory_bytes() + of[1].memory_bytes(); }
};

}  // namespace podtail
#endif
