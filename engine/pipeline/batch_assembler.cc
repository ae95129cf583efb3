// SPDX-License-Identifier: Apache-2.0
#include "engine/pipeline/batch_assembler.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/record/replay_rules.h"
#include "podtail/cri_line.h"
#include "podtail/pod_log_path.h"

namespace podtail {

BatchAssembler::BatchAssembler(const AssemblerOptions& options, MetadataCache* metadata,
                               MessageExtractor* extractor, LaneQueues* lanes,
                               CheckpointLedger* ledger, ByteAccount* account, Observer* observer)
    : options_(options),
      metadata_(metadata),
      extractor_(extractor),
      lanes_(lanes),
      ledger_(ledger),
      account_(account),
      observer_(observer) {}

BatchAssembler::Source* BatchAssembler::Find(SourceId id) {
  const auto found = sources_.find(id);
  return found == sources_.end() ? nullptr : &found->second;
}

void BatchAssembler::Open(const SourceOpened& opened) {
  ledger_->Open(opened.source, opened.file, opened.start);
  account_->Open(opened.source, opened.start.committed.offset);
  // A start at a file's end is known to this life alone until it is durable. Of a
  // start that was loaded the store knows that nothing has changed.
  if (opened.start.committed.offset > 0) ledger_->Journal(opened.source);
  Source& source = sources_[opened.source];
  source.container = opened.container;
  source.file = opened.file;
  source.path = opened.path;
  source.replay = opened.start.committed.replay;
  source.found = source.replay;
  source.cuts = opened.start.cuts;
  source.read = opened.start.committed;
  source.resumed =
      !opened.grew && (opened.start.committed.offset > 0 || source.replay.streams[0].part > 0 ||
                       source.replay.streams[1].part > 0);
  source.borrows_birth = opened.start.committed.offset == 0;

  // The finder opens nothing whose path does not parse.
  const auto path = ParsePodLogPath(opened.path);
  PODTAIL_DCHECK(path.has_value());
  source.restart_count = path->restart_count;
  std::weak_ptr<Instance>& known = instances_[{opened.container, path->restart_count}];
  source.instance = known.lock();
  if (source.instance == nullptr) {
    source.instance = std::make_shared<Instance>();
    auto resource = metadata_->Get(opened.path);
    PODTAIL_DCHECK(resource.has_value());
    source.instance->resource = std::move(resource).value();
    known = source.instance;
  }
  source.instance->sources.push_back(opened.source);
  source.at = opened.start.committed.offset;
  source.ended = source.at > 0 && source.at >= opened.size;
}

void BatchAssembler::NoteRuns(Source* source) {
  for (std::size_t i = 0; i < 2; ++i) {
    const FragmentJoiner& run = source->instance->runs[i];
    source->replay.streams[i].part = run.part();
    source->replay.streams[i].part_bytes = run.part_bytes();
    source->replay.streams[i].run_gap = run.gap();
  }
}

ResumePoint BatchAssembler::PointBefore(const TailedLine& line, const TailOutput& out,
                                        Source* source) const {
  ResumePoint point = out.Before(line);
  NoteRuns(source);
  point.replay = source->replay;
  return point;
}

Lane BatchAssembler::LaneFor(ContainerId container, LogStream stream) const {
  if (options_.lane == LaneScope::kContainer) return {container, std::nullopt};
  return {container, stream};
}

// The first line of a source in this life.
void BatchAssembler::Begin(const TailedLine& line, const TailOutput& out, Source* source) {
  source->started = true;
  Instance* instance = source->instance.get();
  if (instance->runs[0].open() || instance->runs[1].open()) {
    // A run comes over from an earlier file: as long as that may be read again,
    // this file is read again from here.
    const Hold begin{line.source, PointBefore(line, out, source)};
    SourceId first = line.source;
    for (std::size_t i = 0; i < 2; ++i) {
      if (instance->runs[i].open()) first = std::min(first, instance->opened_in[i]);
    }
    for (const SourceId id : instance->sources) {
      const Source* earlier = first <= id && id < line.source ? Find(id) : nullptr;
      if (earlier != nullptr) ledger_->Tether(begin, id, earlier->at);
    }
  }
  if (source->resumed) FindRuns(line.source, source);
}

// After a restart: the runs that were open at the committed offset. Where an
// earlier file was read again, it has opened them again; otherwise all of it, and
// so what the runs held before the offset, was settled.
void BatchAssembler::FindRuns(SourceId id, Source* source) {
  Instance* instance = source->instance.get();
  // Lines that are added to an older file come after those of the newer ones, and
  // its state speaks of what was before them.
  if (source->ended && instance->sources.back() > id) return;
  for (std::size_t i = 0; i < 2; ++i) {
    const ReplayState::Stream& state = source->found.streams[i];
    if (state.part == 0 || instance->runs[i].open()) continue;
    instance->opened_in[i] = id;
    instance->runs[i].BecomeShadow(i == 0 ? LogStream::kStdout : LogStream::kStderr, state);
  }
}

bool BatchAssembler::Parse(const TailedLine& line, Source* source, Fragment* fragment) {
  const std::string_view bytes = line.bytes.view();
  fragment->source = line.source;
  fragment->extent = line.extent;
  fragment->begins = true;
  fragment->ends = line.ends;
  const auto cri = ParseCriLine(bytes);
  if (!cri) {
    fragment->message = bytes;
    fragment->time = source->replay.line_time;
    fragment->stream = source->replay.line_stream;
    fragment->flags = RecordFlags::kMalformed;
    fragment->full = true;
    ++counters_.malformed_lines;
    if (observer_ != nullptr) observer_->OnMalformedLine(source->path, line.extent, cri.error());
  } else {
    fragment->head = bytes.substr(0, bytes.size() - cri->message.size());
    fragment->time_text = cri->time_text;
    fragment->message = cri->message;
    fragment->time = cri->time;
    fragment->stream = cri->stream;
    fragment->flags = cri->time_clamped ? RecordFlags::kTimeClamped : RecordFlags::kNone;
    fragment->full = cri->tag == CriTag::kFull || !options_.join_fragments;
  }
  fragment->times = &source->replay.streams[IndexOf(fragment->stream)];
  return cri.has_value();
}

void BatchAssembler::TakeLine(const TailedLine& line, const TailOutput& out, const Tick& tick) {
  Source* source = Find(line.source);
  if (source == nullptr) return;
  tick_ = tick;
  if (source->last_line == nullptr) read_.push_back(line.source);
  if (!line.begins) {
    // The rest of a line whose head was parsed with its first piece.
    Fragment& piece = source->piece;
    piece.head = {};
    piece.time_text = {};
    piece.message = line.bytes.view();
    piece.extent = line.extent;
    piece.begins = false;
    piece.ends = line.ends;
    Feed(piece, source, tick);
  } else {
    if (!source->started) Begin(line, out, source);
    Fragment fragment;
    const bool is_cri = Parse(line, source, &fragment);
    const std::size_t stream = IndexOf(fragment.stream);
    const bool alone = line.ends && fragment.full &&
                       (!is_cri || !source->instance->runs[stream].open()) &&
                       fragment.message.size() <= options_.joiner.record_bytes_max;
    if (!alone || ClosesRun(fragment, *source)) {
      fragment.line = {line.source, PointBefore(line, out, source)};
    }
    if (alone) {
      AddDirect(fragment, line, out, source);
      EndLine(fragment, source, tick);
    } else {
      Feed(fragment, source, tick);
    }
  }
  if (line.ends) {
    source->last_line = &line;
  } else {
    source->mid_point = out.After(line);
  }
}

// A line that is a record: almost every one.
void BatchAssembler::AddDirect(const Fragment& fragment, const TailedLine& line,
                               const TailOutput& out, Source* source) {
  const Lane lane = LaneFor(source->container, fragment.stream);
  LaneQueues::LaneState* state =
      lanes_->Prepare(lane, source->instance->resource, fragment.message.size(), tick_);
  if (!lanes_->NeededFrom(state, line.source)) {
    lanes_->Need(state, {line.source, PointBefore(line, out, source)}, source->file.head);
  }
  const Piece piece{line.source, line.extent, line.extent.end - line.extent.begin};
  RecordDraft draft;
  draft.raw = line.bytes.view();
  draft.time_text = fragment.time_text;
  draft.body = fragment.message;
  draft.time = NextTime(fragment.times, fragment.time, options_.joiner.unique_times);
  draft.pieces = std::span<const Piece>(&piece, 1);
  draft.stream = fragment.stream;
  draft.flags = fragment.flags;
  LogRecord& record = lanes_->Add(state, draft);
  const MessageFields fields = extractor_->Extract(record.body);
  record.trace = fields.trace;
  record.severity = fields.severity;
  ++counters_.records;
  if (HasFlag(fragment.flags, RecordFlags::kMalformed) && source->borrows_birth) {
    // The file system may say something else after a restore: write it down
    // before anyone sees the record (decision 9a).
    ledger_->Journal(line.source);
    lanes_->NeedsJournal(state);
  }
}

void BatchAssembler::Feed(const Fragment& fragment, Source* source, const Tick& tick) {
  Instance* instance = source->instance.get();
  const bool malformed = HasFlag(fragment.flags, RecordFlags::kMalformed);
  const std::size_t stream = IndexOf(fragment.stream);
  if (malformed && source->split == nullptr) source->split = std::make_unique<FragmentJoiner>();
  FragmentJoiner* run = malformed ? source->split.get() : &instance->runs[stream];
  if (!malformed && !run->open()) {
    instance->opened_at[stream] = tick.now;
    instance->opened_in[stream] = fragment.source;
  }
  const std::size_t before = run->memory_bytes();
  giving_ = source;
  journal_ = malformed && source->borrows_birth;
  if (journal_) ledger_->Journal(fragment.source);
  run->Feed(fragment, options_.joiner, this);
  for (const Piece& piece : run->TakePassed()) account_->Settle(piece.source, piece.bytes);
  journal_ = false;
  runs_bytes_ += run->memory_bytes() - before;
  source->mid_line = !fragment.ends;
  if (!fragment.ends) {
    if (&fragment != &source->piece) source->piece = fragment;
    return;
  }
  if (malformed) source->split.reset();
  const bool cut = !malformed && std::find(source->cuts.begin(), source->cuts.end(),
                                           run->last_begin()) != source->cuts.end();
  if (cut && run->open() && run->last_source() == fragment.source) {
    CloseRun(instance, stream);  // as it was in an earlier life
  }
  if (!malformed) {
    SyncRun(instance, stream);
  }
  EndLine(fragment, source, tick);
}

void BatchAssembler::EndLine(const Fragment& fragment, Source* source, const Tick& tick) {
  ++counters_.lines;
  source->at = fragment.extent.end;
  if (!HasFlag(fragment.flags, RecordFlags::kMalformed)) {
    source->replay.line_time = fragment.time;
    source->replay.line_stream = fragment.stream;
    source->borrows_birth = false;
  }
  tick_ = tick;
  CountGap(fragment, source);
  NoteRuns(source);
}

bool BatchAssembler::ClosesRun(const Fragment& fragment, const Source& source) const {
  const std::uint64_t bytes = fragment.extent.end - fragment.extent.begin;
  for (const FragmentJoiner& run : source.instance->runs) {
    if (run.open() && run.gap() + bytes >= options_.run_gap_bytes_max) return true;
  }
  return false;
}

// A run that its stream does not go on with is closed by the container's other
// bytes: a function of the bytes, so a replay closes it at the same place.
void BatchAssembler::CountGap(const Fragment& fragment, Source* source) {
  Instance* instance = source->instance.get();
  const bool malformed = HasFlag(fragment.flags, RecordFlags::kMalformed);
  const std::uint64_t line_begin =
      fragment.begins ? fragment.extent.begin : fragment.line.begin.offset;
  for (std::size_t i = 0; i < 2; ++i) {
    FragmentJoiner& run = instance->runs[i];
    if (!run.open() || (!malformed && i == IndexOf(fragment.stream))) continue;
    run.AddGap(fragment.extent.end - line_begin);
    if (run.gap() < options_.run_gap_bytes_max) continue;
    // The line that decided must be read again as long as the run may be.
    giving_ = source;
    CloseRun(instance, i);
    SyncRun(instance, i);
  }
}

void BatchAssembler::CloseRun(Instance* instance, std::size_t stream) {
  FragmentJoiner& run = instance->runs[stream];
  const std::size_t before = run.memory_bytes();
  run.Close(this);
  runs_bytes_ += run.memory_bytes() - before;
}

// Closed by an observation, not by bytes: written down before anyone sees the
// record, so that a replay closes it at the same place (decision 10).
void BatchAssembler::CutRun(Instance* instance, std::size_t stream, const Tick& tick) {
  FragmentJoiner& run = instance->runs[stream];
  Source* source = Find(run.last_source());
  if (!run.open() || source == nullptr) return;
  tick_ = tick;
  giving_ = source;
  ledger_->Journal(run.last_source(), run.last_begin());
  journal_ = true;
  CloseRun(instance, stream);
  journal_ = false;
  SyncRun(instance, stream);
  NoteRuns(source);
}

void BatchAssembler::CloseOldRuns(const Tick& tick) {
  if (options_.run_age_max == Duration::zero()) return;
  for (auto& [id, source] : sources_) {
    for (std::size_t i = 0; i < 2; ++i) {
      const bool open = source.instance->runs[i].open();
      if (open && tick.now - source.instance->opened_at[i] >= options_.run_age_max) {
        CutRun(source.instance.get(), i, tick);
      }
    }
  }
}

// The ledger's holds become those of the run as it is now.
void BatchAssembler::SyncRun(Instance* instance, std::size_t stream) {
  const LogStream name = stream == 0 ? LogStream::kStdout : LogStream::kStderr;
  const std::span<const Hold> holds = instance->runs[stream].holds();
  for (const SourceId held : instance->held[stream]) {
    const bool still = std::any_of(holds.begin(), holds.end(),
                                   [&](const Hold& hold) { return hold.source == held; });
    if (!still) ledger_->ReleaseRun(name, held);
  }
  instance->held[stream].clear();
  for (const Hold& hold : holds) {
    ledger_->HoldRun(name, hold);
    instance->held[stream].push_back(hold.source);
  }
}

void BatchAssembler::TakeRecord(const RecordDraft& draft, std::span<const Hold> holds) {
  const Lane lane = LaneFor(giving_->container, draft.stream);
  LaneQueues::LaneState* state =
      lanes_->Prepare(lane, giving_->instance->resource, draft.body.size(), tick_);
  for (std::size_t i = 0; i < holds.size(); ++i) {
    const auto needed = lanes_->NeededFrom(state, holds[i].source);
    const Source* source = Find(holds[i].source);
    if (!needed || *needed > holds[i].begin.offset) {
      lanes_->Need(state, holds[i], source == nullptr ? Marker{} : source->file.head);
    }
  }
  LogRecord& record = lanes_->Add(state, draft);
  const MessageFields fields = extractor_->Extract(record.body);
  record.trace = fields.trace;
  record.severity = fields.severity;
  ++counters_.records;
  if (journal_) lanes_->NeedsJournal(state);
}

void BatchAssembler::TakeOverflow(const Piece& piece, const Hold& hold) {
  const BatchSequence sequence = lanes_->TakeSequence();
  ledger_->Track(sequence, std::span<const Hold>(&hold, 1));
  gaps_.push_back({sequence, {piece.source, piece.extent, LossReason::kOverflow}, piece.bytes});
}

void BatchAssembler::TakeGap(const Gap& gap) {
  Source* source = Find(gap.source);
  if (source == nullptr) return;
  if (gap.reason == LossReason::kTruncated || gap.reason == LossReason::kUnpinned) {
    source->gone = true;
  }
  const BatchSequence sequence = lanes_->TakeSequence();
  const Hold hold{gap.source, source->read};
  ledger_->Track(sequence, std::span<const Hold>(&hold, 1));
  gaps_.push_back({sequence, gap, gap.extent.end - gap.extent.begin});
  account_->Read(gap.source, gap.extent.end);
}

void BatchAssembler::Close(const SourceClosed& closed, const Tick& tick) {
  Source* source = Find(closed.source);
  if (source == nullptr) return;
  if (source->mid_line) {
    // Its last line has no end and never will: what there is is the line.
    Fragment& piece = source->piece;
    piece.head = {};
    piece.time_text = {};
    piece.message = {};
    piece.extent = {closed.end, closed.end};
    piece.begins = false;
    piece.ends = true;
    if (piece.full) piece.flags = piece.flags | RecordFlags::kUnterminated;
    tick_ = tick;
    Feed(piece, source, tick);
    source->read = source->mid_point;
    source->read.replay = source->replay;
    source->last_line = nullptr;
    ledger_->Advance(closed.source, source->read);
    account_->Read(closed.source, closed.end);
  }
  if (!closed.finishes_instance) return;
  for (std::size_t i = 0; i < 2; ++i) CutRun(source->instance.get(), i, tick);
}

void BatchAssembler::EndTurn(const TailOutput& out) {
  for (const SourceId id : read_) {
    Source* source = Find(id);
    if (source == nullptr) continue;
    account_->Read(id, source->mid_line ? source->mid_point.offset : source->at);
    if (source->last_line == nullptr) continue;
    source->read = out.After(*source->last_line);
    source->read.replay = source->replay;
    source->last_line = nullptr;
    ledger_->Advance(id, source->read);
  }
  read_.clear();
  for (const SourceClosed& closed : out.closed()) ledger_->Close(closed.source);
}

ReplayState BatchAssembler::ReplayOf(SourceId source) const {
  const auto found = sources_.find(source);
  return found == sources_.end() ? ReplayState{} : found->second.replay;
}

void BatchAssembler::Forget(SourceId id) {
  const auto found = sources_.find(id);
  if (found == sources_.end()) return;
  account_->Forget(id);
  const std::pair instance{found->second.container, found->second.restart_count};
  auto& of_instance = found->second.instance->sources;
  of_instance.erase(std::remove(of_instance.begin(), of_instance.end(), id), of_instance.end());
  sources_.erase(found);
  const auto known = instances_.find(instance);
  if (known != instances_.end() && known->second.expired()) instances_.erase(known);
}

std::vector<PendingGap> BatchAssembler::TakePendingGaps() {
  return std::exchange(gaps_, {});
}

const FileIdentity* BatchAssembler::FileOf(SourceId source) const {
  const auto found = sources_.find(source);
  return found == sources_.end() ? nullptr : &found->second.file;
}

const std::string* BatchAssembler::PathOf(SourceId source) const {
  const auto found = sources_.find(source);
  return found == sources_.end() ? nullptr : &found->second.path;
}

ContainerId BatchAssembler::ContainerOf(SourceId source) const {
  return sources_.at(source).container;
}

const PodResource* BatchAssembler::ResourceOf(ContainerId container) const {
  for (const auto& [id, source] : sources_) {
    if (source.container == container) return source.instance->resource.get();
  }
  return nullptr;
}

}  // namespace podtail
