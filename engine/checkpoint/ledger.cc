// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "podtail/checkpoint_ledger.h"

namespace podtail {
namespace {

std::size_t IndexOf(RunKind kind, LogStream stream) {
  return 2 * static_cast<std::size_t>(kind) + (stream == LogStream::kStderr ? 1 : 0);
}

// The runs at a tethered point come from a file that is not committed yet. Read
// again, that file opens them again; should it be gone by then, what follows here
// was not given out either.
void ForgetRuns(ResumePoint* point) {
  for (ReplayState::Stream& stream : point->replay.streams) {
    stream.part = 0;
    stream.part_bytes = 0;
    stream.run_gap = 0;
  }
}

}  // namespace

// Invariants
//   1 committed = min(read, every hold's begin), and never decreases.
//   2 what one edit puts is a state that a restart can continue from: the holds
//     of a record that lies in two sources go in the same edit.
struct CheckpointLedger::Impl {
  struct BatchHold {
    BatchSequence batch;
    ResumePoint begin;
  };
  struct Tethered {
    ResumePoint begin;
    SourceId earlier;
    std::uint64_t until;
  };
  struct Source {
    Checkpoint put;  // as last submitted; its `committed` is the committed point
    FileIdentity replaces;
    bool replaces_other = false;
    bool journal = false;  // put although it did not move
    bool closed = false;
    bool silent = false;  // its bytes are gone, another source has its identity
    ResumePoint read;
    std::vector<BatchHold> batches;
    std::array<std::unique_ptr<ResumePoint>, 4> runs;  // few sources have one
    std::vector<Tethered> tethers;
    WriteSequence write{};  // carries `put`
  };

  // One on its way to the store.
  struct Edit {
    CheckpointEdit edit;
    std::vector<SourceId> put;
    std::set<SourceId> done;
  };
  void PutInOrder(SourceId id, Edit* edit);
  void Put(SourceId id, Source* source, Edit* edit);

  const ResumePoint& Needed(const Source& source) const;
  bool Held(const Source& source) const;
  void Touch(SourceId id) { touched.push_back(id); }
  Source* Find(SourceId id);

  using FileKey = std::tuple<std::uint64_t, Timestamp, std::uint64_t, std::array<std::uint8_t, 16>>;
  static FileKey KeyOf(const FileIdentity& file) {
    return {file.inode, file.birth_time, file.handle_generation, file.head.hash};
  }
  void Erase(SourceId id);

  std::map<SourceId, Source> sources;
  // Whose checkpoint stands under that identity: the last one that was opened. A file
  // that began again in place with the same first line has two sources for a while.
  std::map<FileKey, SourceId> by_file;
  // By sequence; settled ones at the front are dropped.
  std::map<BatchSequence, std::vector<SourceId>> batches;
  std::vector<SourceId> touched;
  std::vector<SourceId> tethered;   // have tethers: looked at in every edit
  std::vector<SourceId> finishing;  // closed, their end submitted
  std::vector<FileIdentity> forget;
  WriteSequence submitted{};
};

CheckpointLedger::CheckpointLedger() : impl_(std::make_unique<Impl>()) {}
CheckpointLedger::~CheckpointLedger() = default;

CheckpointLedger::Impl::Source* CheckpointLedger::Impl::Find(SourceId id) {
  const auto it = sources.find(id);
  return it == sources.end() ? nullptr : &it->second;
}

void CheckpointLedger::Impl::Erase(SourceId id) {
  const auto source = sources.find(id);
  if (source == sources.end()) return;
  const auto file = by_file.find(KeyOf(source->second.put.file));
  if (file != by_file.end() && file->second == id) by_file.erase(file);
  sources.erase(source);
}

// The point that determines the committed offset. Among equal offsets a hold
// wins over the read position: its replay state is the one of its record.
const ResumePoint& CheckpointLedger::Impl::Needed(const Source& source) const {
  const ResumePoint* least = nullptr;
  const auto consider = [&](const ResumePoint& point) {
    if (least == nullptr || point.offset < least->offset) least = &point;
  };
  if (PODTAIL_MUTANT(kCommitReadPosition)) return source.read;
  for (const BatchHold& hold : source.batches) consider(hold.begin);
  for (const auto& run : source.runs) {
    if (run && !PODTAIL_MUTANT(kRunHoldForgotten)) consider(*run);
  }
  for (const Tethered& tether : source.tethers) consider(tether.begin);
  consider(source.read);
  return *least;
}

bool CheckpointLedger::Impl::Held(const Source& source) const {
  const auto& runs = source.runs;
  return !source.batches.empty() || !source.tethers.empty() ||
         std::any_of(runs.begin(), runs.end(), [](const auto& run) { return run != nullptr; });
}

void CheckpointLedger::Open(SourceId source, const FileIdentity& file, const Checkpoint& start) {
  PODTAIL_DCHECK(impl_->sources.find(source) == impl_->sources.end());
  Impl::Source& entry = impl_->sources[source];
  entry.put = start;
  entry.put.file = file;
  entry.read = start.committed;
  const auto [stands, is_new] = impl_->by_file.try_emplace(Impl::KeyOf(file), source);
  if (!is_new) {
    if (Impl::Source* before = impl_->Find(stands->second)) {
      before->silent = true;
      entry.journal = true;  // what was said of those bytes must not be believed of these
      impl_->Touch(source);
    }
    stands->second = source;
  }
  if (start.file != file) {
    entry.replaces = start.file;
    entry.replaces_other = true;
    entry.journal = true;
    impl_->Touch(source);
  }
}

void CheckpointLedger::Advance(SourceId source, const ResumePoint& read) {
  Impl::Source* entry = impl_->Find(source);
  if (entry == nullptr) return;
  PODTAIL_DCHECK(read.offset == entry->read.offset ||
                 (!entry->closed && read.offset > entry->read.offset));
  entry->read = read;
  impl_->Touch(source);
}

void CheckpointLedger::HoldRun(RunKind kind, LogStream stream, const Hold& hold) {
  Impl::Source* entry = impl_->Find(hold.source);
  if (entry == nullptr) return;
  entry->runs[IndexOf(kind, stream)] = std::make_unique<ResumePoint>(hold.begin);
  impl_->Touch(hold.source);
}

void CheckpointLedger::ReleaseRun(RunKind kind, LogStream stream, SourceId source) {
  Impl::Source* entry = impl_->Find(source);
  if (entry == nullptr) return;
  entry->runs[IndexOf(kind, stream)].reset();
  impl_->Touch(source);
}

void CheckpointLedger::EndRun(LogStream stream, SourceId source, std::uint64_t from) {
  Impl::Source* entry = impl_->Find(source);
  if (entry == nullptr) return;
  const auto end = [&](ResumePoint* point) {
    if (point->offset >= from) point->replay.EndRun(stream);
  };
  for (Impl::BatchHold& hold : entry->batches) end(&hold.begin);
  for (const auto& run : entry->runs) {
    if (run != nullptr) end(run.get());
  }
  for (Impl::Tethered& tether : entry->tethers) end(&tether.begin);
  end(&entry->read);
  impl_->Touch(source);
}

void CheckpointLedger::Track(BatchSequence batch, std::span<const Hold> holds) {
  std::vector<SourceId>& held = impl_->batches[batch];
  for (const Hold& hold : holds) {
    Impl::Source* entry = impl_->Find(hold.source);
    if (entry == nullptr) continue;
    const auto known = std::find_if(entry->batches.begin(), entry->batches.end(),
                                    [&](const Impl::BatchHold& h) { return h.batch == batch; });
    if (known == entry->batches.end()) {
      entry->batches.push_back({batch, hold.begin});
      held.push_back(hold.source);
    } else if (hold.begin.offset < known->begin.offset) {
      known->begin = hold.begin;
    }
    impl_->Touch(hold.source);
  }
}

void CheckpointLedger::Settle(BatchSequence batch) {
  const auto found = impl_->batches.find(batch);
  if (found == impl_->batches.end()) return;
  for (const SourceId id : found->second) {
    Impl::Source* entry = impl_->Find(id);
    if (entry == nullptr) continue;
    auto& holds = entry->batches;
    holds.erase(std::remove_if(holds.begin(), holds.end(),
                               [&](const Impl::BatchHold& hold) { return hold.batch == batch; }),
                holds.end());
    // Most sources are quiet from now on, and there may be many.
    if (holds.empty()) std::vector<Impl::BatchHold>().swap(holds);
    impl_->Touch(id);
  }
  impl_->batches.erase(found);
}

void CheckpointLedger::Tether(const Hold& later, SourceId earlier, std::uint64_t end) {
  if (PODTAIL_MUTANT(kTetherForgotten)) return;
  Impl::Source* entry = impl_->Find(later.source);
  if (entry == nullptr || impl_->Find(earlier) == nullptr) return;
  for (const Impl::Tethered& known : entry->tethers) {
    const bool covers = known.begin.offset <= later.begin.offset && known.until >= end;
    if (known.earlier == earlier && covers) return;
  }
  entry->tethers.push_back({later.begin, earlier, end});
  impl_->tethered.push_back(later.source);
  impl_->Touch(later.source);
}

void CheckpointLedger::Journal(SourceId source, std::optional<std::uint64_t> cut) {
  Impl::Source* entry = impl_->Find(source);
  if (entry == nullptr) return;
  if (cut) entry->put.cuts.push_back(*cut);
  entry->journal = true;
  impl_->Touch(source);
}

bool CheckpointLedger::Switch(SourceId source, std::uint64_t end, const Marker& next) {
  Impl::Source* entry = impl_->Find(source);
  if (entry == nullptr || entry->put.late_from) return false;
  entry->put.late_from = end;
  entry->put.next = next;
  entry->journal = true;
  impl_->Touch(source);
  return true;
}

const ResumePoint& CheckpointLedger::committed(SourceId source) const noexcept {
  const auto found = impl_->sources.find(source);
  PODTAIL_DCHECK(found != impl_->sources.end());
  return found->second.put.committed;
}

void CheckpointLedger::Close(SourceId source) {
  Impl::Source* entry = impl_->Find(source);
  if (entry == nullptr) return;
  entry->closed = true;
  impl_->Touch(source);
}

Checkpoint CheckpointLedger::Drop(SourceId source) {
  Impl::Source* entry = impl_->Find(source);
  PODTAIL_DCHECK(entry != nullptr);
  // What a restart would find, not what is needed by now: the points of one edit
  // fit together, those of two sources at different moments may not.
  Checkpoint start = std::move(entry->put);
  impl_->Erase(source);
  return start;
}

void CheckpointLedger::Forget(const FileIdentity& file) {
  if (impl_->by_file.count(Impl::KeyOf(file)) > 0) return;  // it began again in place
  impl_->forget.push_back(file);
}

// A tether looks at where its earlier source goes in this very edit: that one
// first. They are no cycle: runs come over in one direction.
void CheckpointLedger::Impl::PutInOrder(SourceId id, Edit* edit) {
  const auto place = std::lower_bound(touched.begin(), touched.end(), id);
  if (place == touched.end() || *place != id || edit->done.count(id) > 0) return;
  edit->done.insert(id);
  Source* source = Find(id);
  if (source == nullptr) return;
  for (const Tethered& tether : source->tethers) PutInOrder(tether.earlier, edit);
  Put(id, source, edit);
}

void CheckpointLedger::Impl::Put(SourceId id, Source* source, Edit* edit) {
  auto& tethers = source->tethers;
  const auto released = [&](const Tethered& tether) {
    const Source* earlier = Find(tether.earlier);
    return earlier == nullptr || earlier->put.committed.offset >= tether.until;
  };
  tethers.erase(std::remove_if(tethers.begin(), tethers.end(), released), tethers.end());
  ResumePoint needed = Needed(*source);
  if (!tethers.empty()) ForgetRuns(&needed);
  PODTAIL_DCHECK(needed.offset >= source->put.committed.offset);
  const bool moved =
      needed.offset >= source->put.committed.offset && needed != source->put.committed;
  if (source->closed && !Held(*source)) finishing.push_back(id);
  if ((!moved && !source->journal) || source->silent) return;
  source->journal = false;
  if (moved) source->put.committed = needed;
  auto& cuts = source->put.cuts;
  const auto passed = [&](std::uint64_t cut) { return cut < source->put.committed.offset; };
  cuts.erase(std::remove_if(cuts.begin(), cuts.end(), passed), cuts.end());
  edit->edit.put.push_back(source->put);
  if (source->replaces_other) {
    edit->edit.forget.push_back(source->replaces);
    source->replaces_other = false;
  }
  edit->put.push_back(id);
}

WriteSequence CheckpointLedger::SubmitTo(CheckpointStore* store) {
  Impl& ledger = *impl_;
  const auto sort_unique = [](std::vector<SourceId>* ids) {
    std::sort(ids->begin(), ids->end());
    ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  };
  ledger.touched.insert(ledger.touched.end(), ledger.tethered.begin(), ledger.tethered.end());
  sort_unique(&ledger.touched);
  Impl::Edit edit;
  for (const SourceId id : ledger.touched) ledger.PutInOrder(id, &edit);
  ledger.touched.clear();
  sort_unique(&ledger.tethered);
  const auto free = [&](SourceId id) {
    const Impl::Source* source = ledger.Find(id);
    return source == nullptr || source->tethers.empty();
  };
  ledger.tethered.erase(std::remove_if(ledger.tethered.begin(), ledger.tethered.end(), free),
                        ledger.tethered.end());
  auto& forget = edit.edit.forget;
  forget.insert(forget.end(), ledger.forget.begin(), ledger.forget.end());
  ledger.forget.clear();
  if (!edit.edit.empty()) ledger.submitted = store->Submit(std::move(edit.edit));
  for (const SourceId id : edit.put) ledger.Find(id)->write = ledger.submitted;
  return ledger.submitted;
}

std::vector<SourceId> CheckpointLedger::TakeFinished(WriteSequence durable) {
  std::vector<SourceId> finished;
  const auto done = [&](SourceId id) {
    const Impl::Source* source = impl_->Find(id);
    if (source == nullptr) return true;
    if (source->write > durable) return false;
    finished.push_back(id);
    impl_->Erase(id);
    return true;
  };
  auto& all = impl_->finishing;
  all.erase(std::remove_if(all.begin(), all.end(), done), all.end());
  return finished;
}

std::uint64_t CheckpointLedger::uncommitted_bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const auto& [id, source] : impl_->sources) {
    bytes += source.read.offset - source.put.committed.offset;
  }
  return bytes;
}

}  // namespace podtail
