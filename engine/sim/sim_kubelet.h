// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_KUBELET_H_
#define PODTAIL_ENGINE_SIM_SIM_KUBELET_H_
// What a kubelet does to log files (reliability.md W1 to W7, W13), step by step and
// with pauses, so that a world can stop between any two: delete, compress, rename,
// have the runtime reopen; restart containers, remove them, remove whole pods.
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/sim/sim_container.h"
#include "engine/sim/sim_features.h"
#include "engine/sim/sim_oracle.h"

namespace podtail {

struct SimKubeletOptions {
  SimFeatures features;
  std::string root = "/r";
  std::uint32_t containers = 2;
  std::uint32_t files_max = 3;  // of an instance, the live one included
  std::uint32_t step_ms = 300;  // between two steps, at most
  std::uint32_t reopen_fails_in = 0;
  std::uint32_t dies_in = 0;  // between two steps
  bool deletes = true;        // retention, removal of instances and pods
};

class SimKubelet {
 public:
  // All must outlive it.
  SimKubelet(ChoiceTape* tape, SimTrace* trace, SimLogFileSystem* files, SimOracle* oracle);

  void Begin();
  void Write();         // one line of some container
  void Rotate();        // begins it
  void RestartOne();    // n -> n+1
  void RemoveOldOne();  // the files of a former instance
  void ReplacePod();    // deletes one; a new one comes, or a static one again
  void CopyTruncate();
  void PlantOddity();  // what does not belong there
  void LinkOne();
  void MoveOne();
  void Advance(Instant now);
  // One container's next step, before its time, or a line.
  void Hurry();
  // Everything under way is brought to its end.
  void Finish(Instant now);

  SimKubeletOptions options;
  SimWriterOptions writer;
  bool dead = false;

 private:
  enum class Step : std::uint8_t { kDelete, kCompress, kCompressRename, kUnlink, kRename, kReopen };
  struct Task {
    Step step;
    std::string path;
  };
  struct Owned {
    std::unique_ptr<SimContainer> container;
    std::string pod;
    bool is_static = false;
    std::deque<Task> tasks;
    Instant next_step{};
    Instant reopened_at{};
    std::string rotated;  // the name the live file was given, until it is reopened
    // Nodes that came here from another pod's directory. They are not compressed: the
    // archive would be a file of this pod, like a copy of another's, and read as that.
    std::set<std::uint64_t> moved;
  };

  void StartContainer(Owned* owned, const std::string& pod, bool is_static);
  Owned* Pick();
  void PlanRotation(Owned* owned);
  void Run(Owned* owned, Instant now);
  void Compress(const std::string& path);
  void Reopen(Owned* owned, Instant now);
  std::vector<std::string> Rotated(const Owned& owned) const;

  ChoiceTape* const tape_;
  SimTrace* const trace_;
  SimLogFileSystem* const files_;
  SimOracle* const oracle_;
  std::vector<Owned> all_;
  std::uint32_t pods_ = 0;
  std::uint32_t started_ = 0;
  Instant now_{};
};

}  // namespace podtail
#endif
