// SPDX-License-Identifier: Apache-2.0
// Runs of fragments: over the ends of files, over restarts, and without an end.
#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/pipeline/batch_assembler.h"
#include "engine/record/replay_rules.h"

namespace podtail {

OpenRuns* BatchAssembler::RunsOf(Source* source) {
  if (!source->late) return &source->instance->runs;
  if (source->late_runs == nullptr) {
    source->late_runs = std::make_unique<OpenRuns>();
    source->late_runs->kind = RunKind::kLate;
  }
  return source->late_runs.get();
}

void BatchAssembler::NoteRuns(Source* source) {
  const OpenRuns* runs = RunsOf(source);
  for (std::size_t i = 0; i < 2; ++i) {
    const FragmentJoiner& run = runs->of[i];
    source->replay.streams[i].part = run.part();
    source->replay.streams[i].part_bytes = run.part_bytes();
    source->replay.streams[i].run_gap = run.gap();
  }
}

void BatchAssembler::Switch(const SourceBegan& began) {
  Source* source = Find(began.source);
  if (source == nullptr) return;
  source->older = began.older;
  // Nobody can be told of a file without an identity: this one being known says it.
  if (began.older_empty) {
    ledger_->Journal(began.source);
    WaitForJournal(began.source, source);
  }
  if (began.late && ledger_->Switch(began.source, source->at, {})) {
    source->late_from = source->at;
    WaitForJournal(began.source, source);
  }
}

// The first line of a source in this life.
void BatchAssembler::Begin(const TailedLine& line, const TailOutput& out, Source* source) {
  source->started = true;
  if (!source->late) {
    SwitchFrom(std::exchange(source->older, {}), line.source, source);
    if (source->instance->last) BreakRuns(line.source, source);
    if (source->instance->runs.any_open()) TetherRuns(line, out, source);
    source->instance->begun.push_back(line.source);
    source->instance->last = line.source;
    source->instance->next = source->next;
  }
  if (source->resumed) FindRuns(line.source, source);
}

// What comes into the older files from now on was not there when the first record
// of this one was made. It must not be joined with it in a later life either, so
// that is written down before the record is sent.
void BatchAssembler::SwitchFrom(const std::vector<SourceId>& older, SourceId id, Source* source) {
  for (const SourceId each : older) {
    Source* file = Find(each);
    if (PODTAIL_MUTANT(kLateNotJournaled)) continue;
    if (file == nullptr || !ledger_->Switch(each, file->at, source->file.head)) continue;
    file->late_from = file->at;
    WaitForJournal(id, source);
    WaitForJournal(each, file);  // whose next lines are late: alone, in this life and any later
  }
}

void BatchAssembler::WaitForJournal(SourceId id, Source* source) {
  if (!source->switching) switching_.emplace_back(id, std::nullopt);
  source->switching = true;
}

// The lines of this file do not end the runs that are open. What a shadow waits for
// stood where an earlier life went on, and was given out.
void BatchAssembler::BreakRuns(SourceId id, Source* source) {
  Instance* instance = source->instance.get();
  OpenRuns* runs = &instance->runs;
  if (const Source* last = Find(*instance->last)) instance->ended_short = EndedShort(*last);
  // The file in which an earlier life went on is gone, and this is another one; or it
  // went on in bytes that are; or what it committed here says that nothing came over:
  // files before it were committed as a whole by then, whatever is read of them again.
  const bool elsewhere = instance->next.bytes > 0 && instance->next != source->file.head;
  const bool over = elsewhere || instance->ended_short || source->read.offset > 0;
  if (!over && instance->next.bytes > 0) return;
  for (std::size_t i = 0; i < 2; ++i) {
    const bool shadow = runs->of[i].shadow();
    if (!shadow && !over) continue;
    CutRun(runs, i, tick_);
    if (!shadow) continue;
    // What the next life finds here is this file: it has to know that nothing came over.
    WaitForJournal(id, source);
    if (!runs->of[i].open()) continue;
    runs->of[i].DropShadow();  // its file is forgotten
    SyncRun(runs, i);
  }
}

// An earlier life read more of it before it went on in the next one: an archive may
// lack what was added while it was written.
bool BatchAssembler::EndedShort(const Source& source) {
  return source.late_from && source.at < *source.late_from;
}

void BatchAssembler::NoteSubmitted(WriteSequence write) {
  for (auto& [source, carried] : switching_) {
    if (!carried) carried = write;
  }
}

void BatchAssembler::NoteDurable(WriteSequence durable) {
  const auto done = [&](const auto& each) {
    if (!each.second || *each.second > durable) return false;
    if (Source* source = Find(each.first)) source->switching = false;
    return true;
  };
  switching_.erase(std::remove_if(switching_.begin(), switching_.end(), done), switching_.end());
}

// A run comes over from an earlier file: as long as that may be read again, this
// file is read again from here.
void BatchAssembler::TetherRuns(const TailedLine& line, const TailOutput& out, Source* source) {
  const OpenRuns& runs = source->instance->runs;
  const Hold begin{line.source, PointBefore(line, out, source)};
  const std::vector<SourceId>& begun = source->instance->begun;
  auto first = begun.end();
  for (std::size_t i = 0; i < 2; ++i) {
    if (!runs.of[i].open()) continue;
    // Of a file that is committed and forgotten: then it came through all of these.
    auto opened = std::find(begun.begin(), begun.end(), runs.opened_in[i]);
    if (opened == begun.end()) opened = begun.begin();
    first = std::min(first, opened);
  }
  for (; first != begun.end(); ++first) {
    const Source* earlier = Find(*first);
    if (earlier == nullptr) continue;
    // What came late has nothing to do with the runs.
    ledger_->Tether(begin, *first, std::min(earlier->at, earlier->late_from.value_or(earlier->at)));
  }
}

// After a restart: the runs that were open at the committed offset. Where an
// earlier file was read again, it has opened them again; otherwise all of it, and
// so what the runs held before the offset, was settled. Behind the first late line
// the state speaks of late runs, before it of those of the instance.
void BatchAssembler::FindRuns(SourceId id, Source* source) {
  if (PODTAIL_MUTANT(kShadowForgotten)) return;
  const bool of_late = source->late_from && source->read.offset > *source->late_from;
  if (of_late != source->late) return;
  OpenRuns* runs = RunsOf(source);
  for (std::size_t i = 0; i < 2; ++i) {
    const ReplayState::Stream& state = source->found.streams[i];
    if (state.part == 0 || runs->of[i].open()) continue;
    runs->opened_in[i] = id;
    runs->of[i].BecomeShadow(i == 0 ? LogStream::kStdout : LogStream::kStderr, state);
  }
}

bool BatchAssembler::ClosesRun(const Fragment& fragment, const Source& source) const {
  const std::uint64_t bytes = fragment.extent.end - fragment.extent.begin;
  const OpenRuns* runs = source.late ? source.late_runs.get() : &source.instance->runs;
  if (runs == nullptr) return false;
  return std::any_of(runs->of.begin(), runs->of.end(), [&](const FragmentJoiner& run) {
    return run.open() && run.gap() + bytes >= options_.run_gap_bytes_max;
  });
}

// A run that its stream does not go on with is closed by the container's other
// bytes: a function of the bytes, so a replay closes it at the same place.
void BatchAssembler::CountGap(const Fragment& fragment, Source* source) {
  OpenRuns* runs = RunsOf(source);
  const bool malformed = HasFlag(fragment.flags, RecordFlags::kMalformed);
  const std::uint64_t line_begin =
      fragment.begins ? fragment.extent.begin : fragment.line.begin.offset;
  for (std::size_t i = 0; i < 2; ++i) {
    FragmentJoiner& run = runs->of[i];
    if (!run.open() || (!malformed && i == IndexOf(fragment.stream))) continue;
    run.AddGap(fragment.extent.end - line_begin);
    if (run.gap() < options_.run_gap_bytes_max) continue;
    // The line that decided must be read again as long as the run may be.
    giving_ = source;
    CloseRun(runs, i);
    SyncRun(runs, i);
  }
}

void BatchAssembler::CloseRun(OpenRuns* runs, std::size_t stream) {
  FragmentJoiner& run = runs->of[stream];
  const std::size_t before = run.memory_bytes();
  run.Close(this);
  runs_bytes_ += run.memory_bytes() - before;
}

// Closed by an observation, not by bytes: written down before anyone sees the
// record, so that a replay closes it at the same place (decision 10).
void BatchAssembler::CutRun(OpenRuns* runs, std::size_t stream, const Tick& tick) {
  FragmentJoiner& run = runs->of[stream];
  // Of a shadow that was fed nothing only the state speaks with which its file was found.
  const bool unfed = run.unfed();
  const SourceId last = unfed ? runs->opened_in[stream] : run.last_source();
  Source* source = Find(last);
  if (!run.open() || source == nullptr) return;
  PODTAIL_DCHECK(!source->mid_line);
  tick_ = tick;
  giving_ = source;
  if (!PODTAIL_MUTANT(kCutNotJournaled)) {
    ledger_->Journal(last, unfed ? std::nullopt : std::optional(run.last_begin()));
    journal_ = true;
  }
  CloseRun(runs, stream);
  journal_ = false;
  SyncRun(runs, stream);
  // Behind its last fragment it is not open any more, in none of the files that were
  // read since.
  EndRun(runs, stream, last, unfed ? 0 : run.last_begin() + 1);
  NoteClosed(last, source);
  if (runs->kind == RunKind::kLate) return;
  const std::vector<SourceId>& begun = source->instance->begun;
  auto later = std::find(begun.begin(), begun.end(), last);
  if (later != begun.end()) ++later;
  for (; later != begun.end(); ++later) {
    Source* each = Find(*later);
    if (each == nullptr || each->late) continue;
    EndRun(runs, stream, *later, 0);
    NoteClosed(*later, each);
  }
}

void BatchAssembler::EndRun(OpenRuns* runs, std::size_t stream, SourceId source,
                            std::uint64_t from) {
  const LogStream name = stream == 0 ? LogStream::kStdout : LogStream::kStderr;
  ledger_->EndRun(name, source, from);
  runs->of[1 - stream].EndRunInHolds(name, source, from);
}

void BatchAssembler::NoteClosed(SourceId id, Source* source) {
  NoteRuns(source);
  // A turn that read more says so at its end.
  if (source->last_line != nullptr || source->mid_line) return;
  source->read.replay = source->replay;
  ledger_->Advance(id, source->read);
}

void BatchAssembler::CloseOldRuns(const Tick& tick) {
  if (options_.run_age_max == Duration::zero()) return;
  for (auto& [id, source] : sources_) {
    for (std::size_t i = 0; i < 2; ++i) {
      CutOldRun(&source.instance->runs, i, tick);
      if (source.late_runs != nullptr) CutOldRun(source.late_runs.get(), i, tick);
    }
  }
}

void BatchAssembler::CutOldRun(OpenRuns* runs, std::size_t stream, const Tick& tick) {
  const bool old = tick.now - runs->opened_at[stream] >= options_.run_age_max;
  if (!runs->of[stream].open() || !old) return;
  // What was there when the file was opened may have ended the run in an earlier life:
  // no timer decides before it was read, nor inside a line.
  const Source* last = Find(runs->of[stream].last_source());
  const bool whole = last != nullptr && !last->mid_line && last->at >= last->found_end;
  if (whole) CutRun(runs, stream, tick);
}

// The ledger's holds become those of the run as it is now.
void BatchAssembler::SyncRun(OpenRuns* runs, std::size_t stream) {
  const LogStream name = stream == 0 ? LogStream::kStdout : LogStream::kStderr;
  const std::span<const Hold> holds = runs->of[stream].holds();
  for (const SourceId held : runs->held[stream]) {
    const bool still = std::any_of(holds.begin(), holds.end(),
                                   [&](const Hold& hold) { return hold.source == held; });
    if (!still) ledger_->ReleaseRun(runs->kind, name, held);
  }
  runs->held[stream].clear();
  for (const Hold& hold : holds) {
    ledger_->HoldRun(runs->kind, name, hold);
    runs->held[stream].push_back(hold.source);
  }
}

}  // namespace podtail
