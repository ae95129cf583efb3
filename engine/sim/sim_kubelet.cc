// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_kubelet.h"

#include <algorithm>

#include "engine/sim/sim_gzip.h"

namespace podtail {
namespace {

constexpr std::string_view kNames[] = {"app", "side", "web"};

constexpr Duration kRotationPeriod = std::chrono::seconds(10);

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

SimKubelet::SimKubelet(ChoiceTape* tape, SimTrace* trace, SimLogFileSystem* files,
                       SimOracle* oracle)
    : tape_(tape), trace_(trace), files_(files), oracle_(oracle) {}

void SimKubelet::Begin() {
  files_->MakeDirectory(options.root);
  all_.resize(options.containers);
  for (Owned& owned : all_) {
    StartContainer(&owned, "ns_pod-" + std::to_string(pods_) + "_uid" + std::to_string(pods_),
                   false);
    ++pods_;
  }
}

void SimKubelet::StartContainer(Owned* owned, const std::string& pod, bool is_static) {
  const auto index = static_cast<std::size_t>(owned - all_.data());
  owned->pod = options.root + "/" + pod;
  owned->is_static = is_static;
  owned->tasks.clear();
  owned->rotated.clear();
  const std::string directory = owned->pod + "/" + std::string(kNames[index % 3]);
  files_->MakeDirectory(directory);
  // One that is made again under its old name is so later: the same line, to its time, would
  // be the same record.
  const std::uint32_t hour = writer.equal_heads && !is_static ? 0 : started_;
  ++started_;
  owned->container =
      std::make_unique<SimContainer>(tape_, trace_, files_, &writer, directory, hour);
  owned->container->Begin(files_->Create(owned->container->live()));
  trace_->Note("container", directory);
}

SimKubelet::Owned* SimKubelet::Pick() {
  return &all_[tape_->Below(static_cast<std::uint32_t>(all_.size()))];
}

void SimKubelet::Write() {
  Pick()->container->Write();
}

// Rotated files of the live instance, the oldest first.
std::vector<std::string> SimKubelet::Rotated(const Owned& owned) const {
  const std::string live = std::to_string(owned.container->restart()) + ".log.";
  std::vector<std::string> rotated;
  for (const std::string& name : files_->NamesIn(owned.container->directory())) {
    const std::string path = owned.container->directory() + "/" + name;
    if (!name.starts_with(live) || files_->Find(path)->kind != FileKind::kRegular) continue;
    rotated.push_back(path);
  }
  return rotated;
}

void SimKubelet::Rotate() {
  Owned* owned = Pick();
  if (!owned->tasks.empty() || !owned->rotated.empty() || dead) return;
  PlanRotation(owned);
}

// W1, in its order.
void SimKubelet::PlanRotation(Owned* owned) {
  std::vector<std::string> kept;
  for (const std::string& path : Rotated(*owned)) {
    const bool leftover = EndsWith(path, ".tmp");
    const bool done = files_->Find(path + ".gz") != nullptr;
    if (leftover || done) {
      owned->tasks.push_back({Step::kDelete, path});
    } else {
      kept.push_back(path);
    }
  }
  const std::size_t most = options.files_max < 2 ? 0 : options.files_max - 2;
  for (std::size_t i = 0; options.deletes && i + most < kept.size(); ++i) {
    owned->tasks.push_back({Step::kDelete, kept[i]});
  }
  const std::size_t first = options.deletes && kept.size() > most ? kept.size() - most : 0;
  for (std::size_t i = first; options.features.gzip && i < kept.size(); ++i) {
    const SimNode* node = files_->Find(kept[i]);
    if (EndsWith(kept[i], ".gz") || node->names > 1 || owned->moved.count(node->id) > 0) continue;
    owned->tasks.push_back({Step::kCompress, kept[i]});
    owned->tasks.push_back({Step::kCompressRename, kept[i]});
    owned->tasks.push_back({Step::kUnlink, kept[i]});
  }
  owned->tasks.push_back({Step::kRename, owned->container->live()});
  owned->tasks.push_back({Step::kReopen, owned->container->live()});
  owned->next_step = now_;
  trace_->Note("rotation", owned->container->directory());
}

void SimKubelet::Advance(Instant now) {
  now_ = now;
  for (Owned& owned : all_) {
    owned.container->Advance(now);
    while (!owned.tasks.empty() && owned.next_step <= now && !dead) Run(&owned, now);
  }
}

void SimKubelet::Hurry() {
  Owned* owned = Pick();
  if (tape_->Below(3) == 2 || dead) {
    owned->container->Write();
  } else if (owned->tasks.empty() && owned->rotated.empty()) {
    // A kubelet looks at its containers every ten seconds: what was rotated a moment ago
    // is not compressed at once, under its writers.
    if (now_ - owned->reopened_at < kRotationPeriod) return;
    PlanRotation(owned);
  } else if (!owned->tasks.empty()) {
    Run(owned, now_);
  }
}

void SimKubelet::Run(Owned* owned, Instant now) {
  const Task task = owned->tasks.front();
  owned->tasks.pop_front();
  owned->next_step = now + std::chrono::milliseconds(tape_->Below(options.step_ms));
  switch (task.step) {
    case Step::kDelete:
    case Step::kUnlink:
      trace_->Note("unlink", task.path);
      files_->Unlink(task.path);
      break;
    case Step::kCompress:
      Compress(task.path);
      break;
    case Step::kCompressRename:
      trace_->Note("compressed", task.path);
      files_->Rename(task.path + ".tmp", task.path + ".gz");
      break;
    case Step::kRename: {
      Timestamp stamp = files_->wall;
      owned->rotated = task.path + "." + SimStamp(stamp);
      const auto taken = [&] {
        return files_->Find(owned->rotated) != nullptr ||
               files_->Find(owned->rotated + ".gz") != nullptr;
      };
      while (!options.features.same_second && taken()) {
        stamp += std::chrono::seconds(1);
        owned->rotated = task.path + "." + SimStamp(stamp);
      }
      if (files_->Find(owned->rotated) != nullptr) trace_->Hit(SimMark::kRotatedNameOverwritten);
      if (!files_->Rename(task.path, owned->rotated)) owned->rotated.clear();
      trace_->Note("renamed", owned->rotated);
      break;
    }
    case Step::kReopen:
      Reopen(owned, now);
      break;
  }
  if (!owned->tasks.empty() && tape_->OneIn(options.dies_in)) {
    trace_->Note("the kubelet dies");
    trace_->Hit(SimMark::kKubeletDied);
    owned->tasks.clear();
    // A new kubelet finds a live file that is missing, and has it reopened in time.
    if (!owned->rotated.empty()) {
      owned->tasks.push_back({Step::kReopen, owned->container->live()});
      owned->next_step = now + std::chrono::seconds(20);
    }
  }
}

void SimKubelet::Compress(const std::string& path) {
  SimNode* plain = files_->Find(path);
  if (plain == nullptr) return;
  files_->Unlink(path + ".tmp");
  std::string bytes = SimGzip(plain->bytes);
  const bool torn = options.features.torn_gzip && tape_->OneIn(8);
  if (torn) {
    bytes.resize(tape_->Below(static_cast<std::uint32_t>(bytes.size())));
    trace_->Hit(SimMark::kTornGzip);
  }
  SimNode* node = files_->CreateCompressed(path + ".tmp", *plain, SimGunzip(bytes).size());
  files_->Append(node, bytes);
  trace_->Hit(SimMark::kCompressed);
  trace_->Note("compresses", path);
}

void SimKubelet::Reopen(Owned* owned, Instant now) {
  owned->reopened_at = now;
  const std::string live = owned->container->live();
  if (owned->rotated.empty() || files_->Find(live) != nullptr) {
    owned->rotated.clear();
    return;
  }
  if (tape_->OneIn(options.reopen_fails_in) && files_->Find(owned->rotated) != nullptr) {
    trace_->Note("renamed back", live);
    trace_->Hit(SimMark::kRenamedBack);
    files_->Rename(owned->rotated, live);
  } else {
    SimNode* before = owned->container->node(0);
    SimNode* node = files_->Create(live);
    for (const auto& other : files_->nodes()) {
      if (other->gone && other->stat.inode == node->stat.inode) {
        trace_->Hit(SimMark::kInodeGivenAgain);
        break;
      }
    }
    owned->container->Reopen(node, now);
    if (before != nullptr && before->names == 0) trace_->Hit(SimMark::kWritesWithoutName);
    trace_->Note("reopened", live, node->id, node->stat.inode);
  }
  owned->rotated.clear();
}

void SimKubelet::RestartOne() {
  Owned* owned = Pick();
  owned->tasks.clear();
  owned->rotated.clear();
  SimContainer& container = *owned->container;
  container.Advance(now_ + std::chrono::hours(1));
  container.Restart();
  container.Begin(files_->Create(container.live()));
  trace_->Note("restarted", container.live());
  trace_->Hit(SimMark::kContainerRestarted);
}

void SimKubelet::RemoveOldOne() {
  Owned* owned = Pick();
  if (!options.deletes) return;
  const std::string keep = std::to_string(owned->container->restart()) + ".log";
  for (const std::string& name : files_->NamesIn(owned->container->directory())) {
    if (name.starts_with(keep)) continue;
    trace_->Note("removed", owned->container->directory() + "/" + name);
    trace_->Hit(SimMark::kInstanceRemoved);
    files_->Unlink(owned->container->directory() + "/" + name);
  }
}

void SimKubelet::ReplacePod() {
  Owned* owned = Pick();
  if (!options.deletes) return;
  const std::string pod = owned->pod;
  for (const Owned& other : all_) {
    if (&other != owned && other.pod == pod) return;  // moved in beside another one
  }
  trace_->Note("pod removed", pod);
  trace_->Hit(SimMark::kPodRemoved);
  owned->container->Advance(now_ + std::chrono::hours(1));
  files_->RemoveTree(pod);
  const bool again = options.features.static_pods && tape_->OneIn(3);
  if (again) trace_->Hit(SimMark::kStaticPodAgain);
  const std::uint32_t number = pods_++;
  StartContainer(owned,
                 again ? pod.substr(options.root.size() + 1)
                       : "ns_pod-" + std::to_string(number) + "_uid" + std::to_string(number),
                 again);
}

void SimKubelet::CopyTruncate() {
  Owned* owned = Pick();
  if (!options.features.copytruncate || owned->container->switching()) return;
  SimNode* node = owned->container->node(0);
  if (node == nullptr || node->bytes.empty()) return;
  const std::size_t before = node->bytes.size();
  trace_->Note("cut", owned->container->live(), before);
  files_->Cut(node, 0);
  if (options.features.nul_holes && tape_->OneIn(3)) {
    trace_->Hit(SimMark::kNulHole);
    files_->Write(node, before, "\n");
    return;
  }
  if (!options.features.copytruncate_equal || !tape_->OneIn(2)) return;
  trace_->Hit(SimMark::kCutAndLonger);
  while (node->bytes.size() < before) owned->container->Write();
}

void SimKubelet::PlantOddity() {
  Owned* owned = Pick();
  const std::string& directory = owned->container->directory();
  switch (tape_->Below(6)) {
    case 0:
      files_->CreateLink(directory + "/77.log", "/etc/shadow");
      break;
    case 1:
      files_->CreateSpecial(directory + "/78.log");
      break;
    case 2:
      files_->MakeDirectory(directory + "/79.log");
      break;
    case 3:
      files_->CreateSpecial(options.root + "/lost+found");
      break;
    case 4:
      files_->CreateSpecial(directory + "/0.log.bak");
      break;
    case 5:
      files_->MakeDirectory(options.root + "/no-pod");
      break;
  }
}

void SimKubelet::LinkOne() {
  Owned* owned = Pick();
  const std::string live = owned->container->live();
  if (!options.features.hard_links || files_->Find(live) == nullptr) return;
  // Names say what is older: it stands right in front of the one it will be given.
  const std::string other = live + "." + SimStamp(files_->wall);
  if (files_->Find(other) != nullptr) return;
  trace_->Hit(SimMark::kHardLink);
  trace_->Note("linked", other);
  files_->HardLink(live, other);
}

void SimKubelet::MoveOne() {
  Owned* owned = Pick();
  if (!options.features.moves || !owned->tasks.empty() || !owned->rotated.empty()) return;
  const std::string pod =
      options.root + "/ns_moved-" + std::to_string(pods_) + "_uid" + std::to_string(pods_);
  ++pods_;
  const std::string directory = owned->container->directory();
  files_->MakeDirectory(pod);
  const std::string moved = pod + directory.substr(directory.rfind('/'));
  trace_->Hit(SimMark::kDirectoryMoved);
  trace_->Note("moved", moved);
  std::vector<std::string> files = Rotated(*owned);
  files.push_back(owned->container->live());
  for (const std::string& path : files) {
    if (const SimNode* node = files_->Find(path)) owned->moved.insert(node->id);
  }
  files_->RenameDirectory(directory, moved);
  files_->RemoveTree(owned->pod);
  owned->pod = pod;
  owned->container->Moved(moved);
  oracle_->HinderNow();
}

void SimKubelet::Finish(Instant now) {
  dead = false;
  options.reopen_fails_in = options.dies_in = options.step_ms = 0;
  options.step_ms = 1;
  // A line of a time that is none is no CRI line, and ends no run.
  writer.torn_in = writer.odd_time_in = 0;
  for (Owned& owned : all_) {
    owned.next_step = now;
    while (!owned.tasks.empty()) Run(&owned, now);
    owned.container->Advance(now + std::chrono::hours(1));
    owned.container->Finish();
  }
}

}  // namespace podtail
