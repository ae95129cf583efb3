// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_WORLD_H_
#define PODTAIL_ENGINE_SIM_SIM_WORLD_H_
// A node with its kubelet, containers, disk, sink and clocks, and one engine in it.
//
// The first draws of the tape say what kind of world it is: which troubles it has,
// how often, how small its buffers are. Then come so many actions (safety: whatever
// happens, nothing untrue may be said), all is healed, and everything owed must
// arrive (liveness).
//
//   I7 bounded    memory and descriptors stay within their limits
//   I8 progress   after the trouble everything owed is accepted
//   I9 no crash   no turn of the engine fails
//   I12 stop      a drained engine comes to rest, and what was settled is committed
//   I15 recover   whatever the state directory holds, an engine starts
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/sim/choice_tape.h"
#include "engine/sim/sim_durable_directory.h"
#include "engine/sim/sim_exporter.h"
#include "engine/sim/sim_features.h"
#include "engine/sim/sim_kubelet.h"
#include "engine/sim/sim_log_file_system.h"
#include "engine/sim/sim_oracle.h"
#include "engine/sim/sim_state.h"
#include "engine/sim/sim_trace.h"
#include "podtail/engine.h"

namespace podtail {

struct SimWorldOptions {
  SimFeatures features = {};
  std::uint64_t steps = 2000;
  std::uint64_t until = UINT64_MAX;  // stop in front of this step
  // Crash-everywhere: one crash behind this effect (0: none), with this outcome.
  std::uint64_t crash_at_effect = 0;
  SimCrashOutcome crash_outcome = SimCrashOutcome::kAny;
};

class SimWorld {
 public:
  // Both must outlive it.
  SimWorld(const SimWorldOptions& options, ChoiceTape* tape, SimTrace* trace);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  void Run();
  // Turns of the engine so far: where a crash can be put.
  std::uint64_t effects() const noexcept { return effects_; }

 private:
  // Which troubles this world has.
  struct Swarm {
    bool rotations = true, restarts = false, removals = false, cuts = false, oddities = false;
    bool links = false, moves = false, unmounts = false, wall_jumps = false;
    bool file_trouble = false, disk_trouble = false, sink_trouble = false;
    bool crashes = false, drains = false, pauses = false, damage = false;
    std::uint32_t turn_ms = 400;
  };

  void DrawSwarm();
  void LeaveOutBesideGzip();
  void DrawSizes();
  void DrawSink();
  void DrawWriters();
  bool Half(bool feature = true) { return feature && tape_->Below(2) == 1; }

  void StartLife();
  bool LoadState(bool damaged);
  void Kill(SimCrashOutcome outcome);
  void Pass(Duration time);
  void Meanwhile();
  Instant Turn();
  void CheckTurn();
  void Act();
  void ActRarely(std::uint32_t which);
  void FileTrouble();
  void SinkTrouble();
  void Drain();
  void DamageState();
  void DamageOne(std::string* bytes);
  void PlantFutureVersion();
  void Heal();
  void Settle();

  SimWorldOptions options_;
  ChoiceTape* const tape_;
  SimTrace* const trace_;
  SimOracle oracle_;
  SimLogFileSystem files_;
  SimDurableDirectory disk_;
  SimSink sink_;
  SimKubelet kubelet_;

  Swarm swarm_;
  EngineOptions engine_options_;
  FileCheckpointStoreOptions store_options_;
  std::uint64_t loss_bytes_max_ = 0;
  Instant now_{};
  Timestamp wall_{};
  std::uint64_t effects_ = 0;
  bool may_move_ = false;  // the node, within this turn
  bool damaged_ = false;   // since the last life
  std::map<std::string, std::string, std::less<>> backup_;

  std::unique_ptr<SimStore> store_;
  std::unique_ptr<SimLosses> losses_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace podtail
#endif
