// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_GENERATOR_H_
#define PODTAIL_TOOLS_GEN_GENERATOR_H_
// One run of `podtail gen`: a tree of containers, written either as fast as it
// goes or at a pace.
//
// As fast as it goes, the tree is a function of the options, to the byte. At a
// pace the time stamps are the machine's.
// Not thread-safe.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "podtail/expected.h"
#include "podtail/status.h"
#include "tools/podtail/gen/container_log.h"
#include "tools/podtail/gen/gen_options.h"
#include "tools/podtail/gen/manifest.h"
#include "tools/podtail/run_signals.h"

namespace podtail::gen {

class Generator {
 public:
  // Makes the directories and opens the live files.
  // Errors: kNotFound, --append without a tree; kFailedPrecondition, a tree
  // without --append; others name the path.
  static Expected<std::unique_ptr<Generator>> Create(const GenOptions& options);

  // Writes what was asked for, or until a signal. Borrows `signals`.
  [[nodiscard]] Status Run(RunSignals* signals);
  // Closes open runs. Call it once, after Run().
  Expected<Manifest> Finish();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  explicit Generator(std::unique_ptr<Node> node);
  [[nodiscard]] Status WriteFast(RunSignals* signals);
  [[nodiscard]] Status WritePaced(RunSignals* signals);
  [[nodiscard]] Status RestartAll();
  bool BytesReached() const;
  // Of `restarts` + 1 equal shares of `whole`, whether `done` began the next.
  bool RestartDue(std::uint64_t done, std::uint64_t whole) const;

  const std::unique_ptr<Node> node_;
  const SteadyTime started_;
  std::vector<std::unique_ptr<ContainerLog>> logs_;
  std::uint64_t restarts_ = 0;
};

}  // namespace podtail::gen
#endif
