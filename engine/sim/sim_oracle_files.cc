// SPDX-License-Identifier: Apache-2.0
// Files: what is written, opened, cut and gone; lives and their checkpoints.
#include <algorithm>

#include "engine/sim/sim_oracle.h"

namespace podtail {
namespace {

// An engine that is not asked opens nothing.
constexpr std::uint64_t kTurnsToOpen = 40;
// Less than switch_grace, by a look and by what a reader may not see at once.
constexpr Duration kInTime = std::chrono::milliseconds(300);

}  // namespace

SimGeneration* SimOracle::Of(const SimNode& node) const {
  const auto found = by_node_.find(node.id);
  return found == by_node_.end() ? nullptr : found->second;
}

SimGeneration* SimOracle::NewGeneration(const SimNode& node) {
  generations_.push_back(std::make_unique<SimGeneration>(generations_.size() + 1, node.id));
  SimGeneration* generation = generations_.back().get();
  by_node_[node.id] = generation;
  by_instance_[{node.stat.inode, node.stat.birth_time, node.stat.handle_generation}].push_back(
      generation);
  return generation;
}

void SimOracle::OnNamed(const SimNode& node, const std::string& path) {
  if (node.kind != FileKind::kRegular) return;
  SimGeneration* generation = Of(node);
  if (generation == nullptr) generation = NewGeneration(node);
  generation->names.insert(path);
  const std::string directory = path.substr(0, path.rfind('/'));
  if (!generation->path.empty() && generation->directory != directory) {
    generation->moved = true;
    generation->directory = directory;
    by_directory_[directory].push_back(generation);
  }
  if (generation->path.empty()) {
    generation->path = path;
    generation->directory = directory;
    const std::string name = path.substr(path.rfind('/') + 1);
    for (const char c : name) {
      if (c < '0' || c > '9') break;
      generation->restart = generation->restart * 10 + static_cast<std::uint32_t>(c - '0');
    }
    NoteSuccessor(*generation);
    by_directory_[generation->directory].push_back(generation);
  }
}

// What comes into the file before this one until then is no late line. Of what was
// there when a life began, and of a file behind which two newer ones stand, nobody
// waits for more.
void SimOracle::NoteSuccessor(const SimGeneration& next) {
  SimGeneration* before = nullptr;
  for (SimGeneration* each : by_directory_[next.directory]) {
    each->in_time_life = 0;
    if (each->restart == next.restart) before = each;
  }
  if (before == nullptr || !alive_ || trace_->turns <= first_turn_ + 1) return;
  if (before->after_cut) return;  // it may be an older file that began again
  before->in_time = before->bytes.rfind('\n') + 1;
  before->in_time_life = life_;
  before->in_time_until = trace_->now + kInTime;
}

void SimOracle::NoteLate(SimGeneration* generation, std::uint64_t from) {
  if (!generation->late_from.insert(from).second) return;
  if (generation->in_time_life != life_ || weak_ || generation->cut || generation->moved) return;
  if (from < generation->in_time) {
    Fail("I4", "called late, and came in time, up to " + std::to_string(generation->in_time) +
                   ": " + Where(*generation, from));
  }
}

void SimOracle::OnBytes(const SimNode& node, std::string_view bytes) {
  SimGeneration* generation = Of(node);
  if (generation == nullptr || generation->node_id != node.id) return;  // compressed bytes
  if (generation->size() == 0) {
    generation->openable = alive_ && !hindered_;
    generation->openable_since = trace_->now;
    generation->openable_turn = trace_->turns;
  }
  generation->Append(bytes);
  if (trace_->now <= generation->in_time_until && !generation->plain_gone) {
    generation->in_time = generation->bytes.rfind('\n') + 1;
  }
}

void SimOracle::OnCut(const SimNode& node, std::size_t size) {
  SimGeneration* before = Of(node);
  if (before == nullptr) return;
  before->cut = true;
  before->gone_step = trace_->step;
  before->gone_life = life_;
  before->carriers = 0;
  if (before->opened_life != life_ || !alive_) before->excused = true;
  trace_->Hit(SimMark::kCut);
  const std::string kept = before->bytes.substr(0, size);
  SimGeneration* generation = NewGeneration(node);
  generation->after_cut = true;
  generation->path = before->path;
  generation->directory = before->directory;
  generation->names = before->names;
  generation->restart = before->restart;
  by_directory_[generation->directory].push_back(generation);
  if (size > 0) generation->Append(kept);
}

void SimOracle::OnOpened(const SimNode& node) {
  if (SimGeneration* generation = Of(node)) generation->openable = false;
}

void SimOracle::OnSeen(const SimNode& node, std::uint64_t bytes, bool read) {
  last_seen_ = &node;
  SimGeneration* generation = Of(node);
  if (generation == nullptr || generation->node_id != node.id) return;
  generation->seen_to = std::max(generation->seen_to, bytes);
  if (read) generation->read_to = std::max(generation->read_to, bytes);
}

void SimOracle::OnGone(const SimNode& node) {
  SimGeneration* generation = Of(node);
  if (generation == nullptr || generation->carriers == 0) return;
  if (node.id == generation->node_id) {
    generation->plain_gone = true;
    // Whoever had not opened it by then finds in its archive what came in time.
    const bool opened = alive_ && generation->opened_life == life_;
    if (!opened) generation->in_time = std::min(generation->in_time, generation->archived);
  }
  const bool all = --generation->carriers == 0;
  // Writers may have added to the plain file while it was compressed.
  if (!all && (!generation->plain_gone || generation->archived >= generation->size())) return;
  generation->gone_step = trace_->step;
  generation->gone_life = life_;
  if (all) return CheckGone(generation);
  if (!alive_ || generation->opened_life != life_) generation->excused_from = generation->archived;
}

// Nobody can read it any more.
void SimOracle::CheckGone(SimGeneration* generation) {
  if (!alive_) {
    generation->excused = true;
    trace_->Hit(SimMark::kGoneWhileDown);
    return;
  }
  if (generation->opened_life == life_) return;  // what was seen of it has to come
  trace_->Hit(SimMark::kGoneUnopened);
  generation->excused = true;
  if (generation->openable && generation->SettledTo() < generation->size() &&
      trace_->turns - generation->openable_turn > kTurnsToOpen &&
      trace_->now - generation->openable_since > options.openable_max) {
    Fail("I1", "was there for " +
                   std::to_string((trace_->now - generation->openable_since).count() / 1000000) +
                   " ms and was never opened: " + Where(*generation, 0));
  }
}

void SimOracle::Hinder(bool from_now_on) {
  hindered_ = from_now_on;
  for (const auto& generation : generations_) {
    generation->openable = false;
  }
}

void SimOracle::Excuse(const SimNode& node) {
  if (SimGeneration* generation = Of(node)) generation->excused = true;
}

void SimOracle::OnCompressed(const SimNode& node, const SimNode& of, std::size_t gives) {
  SimGeneration* generation = Of(of);
  if (generation == nullptr) return;
  by_node_[node.id] = generation;
  by_instance_[{node.stat.inode, node.stat.birth_time, node.stat.handle_generation}].push_back(
      generation);
  ++generation->carriers;
  generation->compressed = true;
  generation->archived = std::max<std::uint64_t>(generation->archived, gives);
}

void SimOracle::BeginLife(const LoadedCheckpoints& loaded, bool damaged) {
  ++life_;
  first_turn_ = trace_->turns;
  alive_ = true;
  damaged_ = damaged_ || damaged;
  sources_.clear();
  batches_.clear();
  losses_.clear();
  sheds_ = delivered_ = refused_ = gaps_ = gap_bytes_ = 0;
  if (!loaded.damage.ok()) {
    trace_->Hit(SimMark::kDamageNoticed);
    if (!damaged_) Fail("I15", "a crash alone left damage: " + loaded.damage.ToString());
  }
  for (const auto& generation : generations_) {
    generation->loaded = 0;
    generation->settled_before = generation->SettledTo();
    generation->put = 0;
    generation->seen_to = generation->read_to = 0;
    generation->openable = generation->carriers > 0 && !generation->cut && !hindered_;
    generation->openable_since = trace_->now;
    generation->openable_turn = trace_->turns;
    if (damaged) generation->put_durable = 0;
  }
  for (const Checkpoint& checkpoint : loaded.checkpoints) {
    const auto candidates = Resolve(checkpoint.file);
    std::uint64_t settled = 0;
    for (SimGeneration* generation : candidates) {
      settled = std::max(settled, generation->SettledTo());
      if (candidates.size() > 1) continue;
      generation->loaded = generation->put = checkpoint.committed.offset;
      if (checkpoint.committed.offset > generation->put_most) {
        Fail("I3", "loaded an offset that was never submitted: " +
                       Where(*generation, checkpoint.committed.offset));
      }
    }
    if (!candidates.empty() && checkpoint.committed.offset > settled) {
      Fail("I2", "loaded an offset beyond what is settled: " + checkpoint.path + " at " +
                     std::to_string(checkpoint.committed.offset));
    }
  }
  for (const auto& generation : generations_) {
    if (generation->put_durable > generation->loaded && !generation->forgotten &&
        options.strong_identity && !weak_ && !generation->cut && !generation->compressed) {
      Fail("I3", "a durable offset is gone: " + Where(*generation, generation->put_durable) +
                     ", loaded " + std::to_string(generation->loaded));
    }
  }
}

void SimOracle::EndLife() {
  alive_ = false;
  for (const auto& generation : generations_) {
    // What nobody can read again, and was not committed, may be missing.
    if (generation->carriers == 0) generation->excused = true;
    if (generation->plain_gone) generation->excused_from = generation->archived;
  }
}

std::vector<SimGeneration*> SimOracle::Resolve(const FileIdentity& file) const {
  std::vector<SimGeneration*> found;
  const auto exact = by_instance_.find({file.inode, file.birth_time, file.handle_generation});
  if (exact != by_instance_.end()) {
    for (SimGeneration* generation : exact->second) {
      if (generation->HasHead(file.head)) found.push_back(generation);
    }
  }
  if (!found.empty()) return found;
  for (const auto& generation : generations_) {
    if (generation->HasHead(file.head)) found.push_back(generation.get());
  }
  return found;
}

void SimOracle::Submitted(const CheckpointEdit& edit) {
  for (const Checkpoint& put : edit.put) {
    const std::uint64_t offset = put.committed.offset;
    const auto candidates = Resolve(put.file);
    if (trace_->keeps_words()) {
      trace_->Note("  put", put.path, offset, candidates.empty() ? 0 : candidates.back()->id);
    }
    if (candidates.empty()) {
      Fail("I3", "a checkpoint of a file that never was: " + put.path);
      return;
    }
    std::uint64_t settled = 0;
    for (SimGeneration* generation : candidates) {
      settled = std::max(settled, generation->SettledTo());
    }
    if (offset > settled) {
      Fail("I2", "submits an offset beyond what is settled, " + std::to_string(settled) + ": " +
                     Where(*candidates.back(), offset));
    }
    for (SimGeneration* generation : candidates) {
      generation->put_most = std::max(generation->put_most, offset);
      if (put.late_from) NoteLate(generation, *put.late_from);
      if (candidates.size() > 1 || generation->cut || generation->forgotten) continue;
      if (offset < generation->put && sheds_ == 0 && options.strong_identity && !weak_) {
        Fail("I3", "moves back from " + std::to_string(generation->put) + ": " +
                       Where(*generation, offset));
      }
      generation->put = offset;
    }
    if (!put.cuts.empty()) trace_->Hit(SimMark::kCutJournaled);
  }
  for (const FileIdentity& forget : edit.forget) {
    for (SimGeneration* generation : Resolve(forget)) generation->forgotten = true;
    trace_->Hit(SimMark::kForgotten);
  }
}

void SimOracle::Durable(const CheckpointEdit& edit) {
  for (const Checkpoint& put : edit.put) {
    const auto candidates = Resolve(put.file);
    if (candidates.size() != 1) continue;
    candidates.front()->put_durable =
        std::max(candidates.front()->put_durable, put.committed.offset);
  }
}

// One that went away unread after its end was announced again without being opened, to
// be declared lost: it had that name, is gone, and committed up to there.
SimGeneration* SimOracle::DeclaredGone(std::string_view path, std::uint64_t offset) {
  if (last_seen_ != nullptr && last_seen_->last_path == path) return nullptr;
  for (SimGeneration* each : by_directory_[std::string(path.substr(0, path.rfind('/')))]) {
    if (each->names.count(std::string(path)) == 0) continue;
    const bool here = each->carriers == 0 && each->opened_life == life_ && each->put == offset;
    if (here && offset > 0) return each;
  }
  return nullptr;
}

void SimOracle::OnFileOpened(std::string_view path, std::uint64_t offset) {
  SimGeneration* generation = DeclaredGone(path, offset);
  if (generation == nullptr && last_seen_ != nullptr) generation = Of(*last_seen_);
  if (generation == nullptr) {
    Fail("I1", "announced a file that was not read: " + std::string(path));
    return;
  }
  trace_->Note("announced", path, generation->id, offset);
  sources_.push_back(generation);
  if (offset > 0) trace_->Hit(SimMark::kResumed);
  if (generation->opened_life == life_) trace_->Hit(SimMark::kAnnouncedAgain);
  generation->opened_life = life_;
  generation->put = std::min(generation->put, offset);
  if (last_seen_->id != generation->node_id && offset > 0) trace_->Hit(SimMark::kResumedCompressed);
  if (last_seen_->names == 0) trace_->Hit(SimMark::kAnnouncedDeleted);
  if (offset > generation->SettledTo()) {
    Fail("I1", "begins behind bytes that are not settled, " +
                   std::to_string(generation->SettledTo()) + ": " + Where(*generation, offset));
  }
}

}  // namespace podtail
