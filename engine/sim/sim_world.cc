// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_world.h"

#include <algorithm>

namespace podtail {
namespace {

// A reader may see half a line for so long.
constexpr Duration kHiddenMax = std::chrono::milliseconds(300);
constexpr std::uint64_t kHeavyBytes = 900 * 1024;
constexpr Duration kTurnMax = std::chrono::milliseconds(500);
constexpr Duration kDrainMax = std::chrono::seconds(120);
constexpr Duration kLivenessMax = std::chrono::seconds(900);
// Long enough for files to be sealed, runs to be cut and names to be forgotten.
constexpr Duration kLivenessMin = std::chrono::seconds(45);
constexpr Duration kLivenessMinBlind = std::chrono::seconds(150);
constexpr int kTurnsMax = 20000;

}  // namespace

SimWorld::SimWorld(const SimWorldOptions& options, ChoiceTape* tape, SimTrace* trace)
    : options_(options),
      tape_(tape),
      trace_(trace),
      oracle_(trace),
      files_(tape, &oracle_),
      disk_(tape, trace),
      sink_(tape, trace, &oracle_),
      kubelet_(tape, trace, &files_, &oracle_),
      wall_(std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)) {
  DrawSwarm();
}

SimWorld::~SimWorld() {
  engine_.reset();
}

void SimWorld::Run() {
  files_.wall = wall_;
  files_.meanwhile = [this] { Meanwhile(); };
  kubelet_.Begin();
  StartLife();
  for (trace_->step = 1; trace_->step <= options_.steps && !trace_->failed(); ++trace_->step) {
    if (trace_->step >= options_.until) return;
    Act();
  }
  if (!trace_->failed() && trace_->step < options_.until) Settle();
}

void SimWorld::StartLife() {
  const bool damaged = std::exchange(damaged_, false);
  if (!LoadState(damaged)) return;
  auto losses = FileLossLog::Create(&disk_, loss_bytes_max_);
  if (!losses) {
    trace_->Fail("I15", "the loss log does not open: " + losses.error().ToString());
    return;
  }
  losses_ = std::make_unique<SimLosses>(std::move(*losses), &oracle_);
  EngineParts parts;
  parts.files = &files_;
  parts.checkpoints = store_.get();
  parts.losses = losses_.get();
  parts.exporter = sink_.Connect();
  parts.observer = &oracle_;
  auto engine = Engine::Create(engine_options_, std::move(parts));
  if (!engine) {
    trace_->Fail("I15", "the engine does not start: " + engine.error().ToString());
    return;
  }
  engine_ = std::move(engine).value();
}

bool SimWorld::LoadState(bool damaged) {
  store_ = std::make_unique<SimStore>(&disk_, &oracle_, store_options_);
  const auto before = disk_.files;
  auto loaded = store_->LoadFirst();
  if (!loaded && loaded.error().code() == StatusCode::kFailedPrecondition && damaged) {
    // A newer podtail was here. Nothing may be touched; somebody puts it right.
    trace_->Hit(SimMark::kFutureVersionRefused);
    trace_->Note("a future version is refused");
    if (disk_.files != before || disk_.busy()) {
      trace_->Fail("I15", "the state of a future version was changed");
      return false;
    }
    disk_.files = backup_;
    store_ = std::make_unique<SimStore>(&disk_, &oracle_, store_options_);
    loaded = store_->LoadFirst();
  }
  if (!loaded) {
    trace_->Fail("I15", "the state does not load: " + loaded.error().ToString());
    return false;
  }
  trace_->Note("life", {}, loaded->checkpoints.size(), loaded->fresh ? 1 : 0);
  oracle_.BeginLife(*loaded, damaged);
  return !trace_->failed();
}

void SimWorld::Kill(SimCrashOutcome outcome) {
  if (engine_ == nullptr) return;
  trace_->Note("crash");
  trace_->Hit(SimMark::kCrash);
  sink_.Crash();
  disk_.Crash(outcome);
  oracle_.EndLife();
  engine_.reset();
  losses_.reset();
  store_.reset();
}

void SimWorld::Pass(Duration time) {
  now_ += time;
  wall_ += time;
  trace_->now = now_;
  files_.wall = wall_;
  files_.Show(kHiddenMax);
  kubelet_.Advance(now_);
  disk_.Advance(now_);
}

// A few steps of the node, all within one call of the engine's.
void SimWorld::Meanwhile() {
  if (!std::exchange(may_move_, false)) return;
  trace_->Hit(SimMark::kMovedWithinATurn);
  trace_->Note("meanwhile");
  for (std::uint32_t steps = 1 + tape_->Below(8); steps > 0; --steps) kubelet_.Hurry();
}

Instant SimWorld::Turn() {
  if (engine_ == nullptr) return now_ + kTurnMax;
  ++effects_;
  ++trace_->turns;
  const auto due = engine_->Poll({now_, wall_});
  if (!due) {
    trace_->Fail("I9", "a turn failed: " + due.error().ToString());
    return now_;
  }
  CheckTurn();
  if (options_.crash_at_effect == effects_) {
    Kill(options_.crash_outcome);
    StartLife();
  }
  return *due;
}

void SimWorld::CheckTurn() {
  const EngineCounters counters = engine_->counters();
  const std::uint32_t most = engine_options_.tailer.open_files_max;
  if (counters.files_open > most || files_.open_files > most) {
    trace_->Fail("I7", std::to_string(files_.open_files) + " descriptors, and the engine says " +
                           std::to_string(counters.files_open) + "; allowed are " +
                           std::to_string(most));
  }
  if (counters.memory_bytes > engine_options_.memory_bytes_max) {
    trace_->Fail("I7", std::to_string(counters.memory_bytes) + " bytes of memory");
  }
  if (counters.memory_bytes > kHeavyBytes) oracle_.HinderNow();
  if (counters.files_open == most) trace_->Hit(SimMark::kDescriptorsUsedUp);
}

void SimWorld::Act() {
  const std::uint32_t action = tape_->Below(64);
  if (action < 18) {
    Pass(std::chrono::milliseconds(tape_->Below(swarm_.turn_ms)));
    may_move_ = true;
    Turn();
    may_move_ = false;
    return;
  }
  if (action < 46) {
    kubelet_.Write();
    return;
  }
  if (action < 50) {
    if (swarm_.rotations) kubelet_.Rotate();
    return;
  }
  ActRarely(action - 50);
}

void SimWorld::ActRarely(std::uint32_t which) {
  switch (which) {
    case 0:
      if (swarm_.restarts && tape_->OneIn(3)) kubelet_.RestartOne();
      return;
    case 1:
      if (swarm_.removals && tape_->OneIn(2)) kubelet_.RemoveOldOne();
      return;
    case 2:
      if (swarm_.removals && tape_->OneIn(6)) kubelet_.ReplacePod();
      return;
    case 3:
      if (swarm_.cuts) kubelet_.CopyTruncate();
      return;
    case 4:
      if (swarm_.oddities && tape_->OneIn(4)) kubelet_.PlantOddity();
      return;
    case 5:
      if (swarm_.links && tape_->OneIn(4)) kubelet_.LinkOne();
      if (swarm_.moves && tape_->OneIn(4)) kubelet_.MoveOne();
      return;
    case 6:
      if (swarm_.file_trouble) FileTrouble();
      return;
    case 7:
      if (swarm_.disk_trouble) disk_.full = tape_->Below(3) == 2;
      return;
    case 8:
      if (swarm_.sink_trouble) SinkTrouble();
      return;
    case 9:
      if (!swarm_.crashes || !tape_->OneIn(3)) return;
      Kill(SimCrashOutcome::kAny);
      if (swarm_.damage && tape_->OneIn(6)) DamageState();
      if (tape_->OneIn(3)) Pass(std::chrono::seconds(tape_->Below(40)));
      StartLife();
      return;
    case 10:
      if (swarm_.pauses) Pass(std::chrono::seconds(tape_->Below(30)));
      return;
    case 11:
      if (swarm_.drains && tape_->OneIn(6)) Drain();
      return;
    case 12:
      if (swarm_.wall_jumps) {
        trace_->Hit(SimMark::kWallJumped);
        wall_ += std::chrono::hours(static_cast<int>(tape_->Below(5)) - 2);
      }
      return;
    default:
      if (tape_->OneIn(20)) backup_ = disk_.files;
      return;
  }
}

void SimWorld::FileTrouble() {
  files_.refused.clear();
  files_.out_of_descriptors = files_.unmounted = false;
  for (const auto& node : files_.nodes()) node->broken_from = UINT64_MAX;
  const std::uint32_t kind = tape_->Below(6);
  trace_->Note("file trouble", {}, kind);
  oracle_.Hinder(kind != 0 && kind != 5);
  if (kind == 0 || kind == 5) return;
  const auto& nodes = files_.nodes();
  SimNode& node = *nodes[tape_->Below(static_cast<std::uint32_t>(nodes.size()))];
  if (kind == 1 && options_.features.open_errors) {
    files_.refused.insert(node.last_path);
  } else if (kind == 2 && options_.features.open_errors) {
    files_.out_of_descriptors = true;
  } else if (kind == 3 && options_.features.read_errors) {
    oracle_.Weaken();
    node.broken_from = tape_->Below(static_cast<std::uint32_t>(node.bytes.size()) + 1);
    trace_->Hit(SimMark::kReadError);
  } else if (swarm_.unmounts) {
    files_.unmounted = true;
    trace_->Hit(SimMark::kUnmounted);
  }
}

void SimWorld::SinkTrouble() {
  const std::uint32_t kind = tape_->Below(5);
  sink_.away = kind == 3;
  sink_.held = kind == 4;
  trace_->Note("sink", {}, kind);
}

void SimWorld::Drain() {
  if (engine_ == nullptr) return;
  trace_->Note("drain");
  engine_->BeginDrain();
  const Instant deadline = now_ + kDrainMax;
  bool idle = false;
  while (!idle && now_ < deadline && !trace_->failed()) {
    const Instant due = Turn();
    idle = engine_->idle();
    if (!idle) Pass(std::clamp<Duration>(due - now_, std::chrono::milliseconds(1), kTurnMax));
  }
  if (trace_->failed()) return;
  trace_->Hit(idle ? SimMark::kDrained : SimMark::kDrainDeadline);
  if (idle) oracle_.CheckStopped(engine_->counters());
  Kill(SimCrashOutcome::kAny);
  StartLife();
}

void SimWorld::Heal() {
  trace_->Note("healed");
  files_.refused.clear();
  files_.out_of_descriptors = files_.unmounted = false;
  files_.options.short_read_in = files_.options.hidden_in = files_.options.meanwhile_in = 0;
  for (const auto& node : files_.nodes()) node->broken_from = UINT64_MAX;
  const SinkNeeds needs = sink_.options.needs;
  const std::uint32_t poison = sink_.options.poison_in;
  sink_.options = {};
  sink_.options.needs = needs;
  sink_.options.poison_in = poison;
  sink_.away = sink_.held = false;
  disk_.options.fails_in = 0;
  disk_.full = false;
  kubelet_.Finish(now_);
  files_.Show(Duration::min());
  oracle_.Hinder(false);
}

void SimWorld::Settle() {
  Heal();
  const Instant healed = now_;
  // Where hints get lost and nobody says so, only looking now and then helps.
  const bool unsaid = files_.options.hints == SimHintPolicy::kDropping;
  const Duration least = unsaid ? kLivenessMinBlind : kLivenessMin;
  int turns = 0;
  while (!trace_->failed()) {
    const Instant due = Turn();
    if (engine_->idle() && now_ - healed >= least) break;
    if (now_ - healed > kLivenessMax || ++turns > kTurnsMax) {
      const EngineCounters counters = engine_->counters();
      trace_->Fail("I8", "not at rest " + std::to_string((now_ - healed).count() / 1'000'000'000) +
                             " s after the trouble: waiting " +
                             std::to_string(counters.waiting_bytes) + ", uncommitted " +
                             std::to_string(counters.uncommitted_bytes) + ", open " +
                             std::to_string(counters.files_open) + ", at end " +
                             std::to_string(engine_->at_end() ? 1 : 0));
      return;
    }
    Pass(std::clamp<Duration>(due - now_, std::chrono::milliseconds(1), kTurnMax));
  }
  if (trace_->failed()) return;
  oracle_.CheckCounters(engine_->counters());
  oracle_.CheckConserved();
  if (!trace_->failed()) Drain();
}

}  // namespace podtail
