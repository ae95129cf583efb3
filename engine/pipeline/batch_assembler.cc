// SPDX-License-Identifier: Apache-2.0
#include "engine/pipeline/batch_assembler.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
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
  Checkpoint start = opened.start;
  // It was sealed because a newer file of its instance was being read.
  if (opened.grew) start.late_from = start.committed.offset;
  ledger_->Open(opened.source, opened.file, start);
  account_->Open(opened.source, opened.start.committed.offset);
  // A start at a file's end is known to this life alone until it is durable. Of a
  // start that was loaded the store knows that nothing has changed.
  if (opened.start.committed.offset > 0) ledger_->Journal(opened.source);
  Source& source = sources_[opened.source];
  source.container = opened.container;
  source.file = opened.file;
  source.path = opened.path;
  source.replay = opened.start.committed.replay;
  if (PODTAIL_MUTANT(kReplayForgotten)) source.replay = {};
  for (ReplayState::Stream& stream : source.replay.streams) {
    if (PODTAIL_MUTANT(kTieBreakForgotten)) stream.last_raw = stream.last_out = Timestamp{};
  }
  source.found = source.replay;
  source.cuts = start.cuts;
  source.late_from = start.late_from;
  source.next = start.next;
  source.read = opened.start.committed;
  source.resumed =
      !opened.grew && (opened.start.committed.offset > 0 || source.replay.streams[0].part > 0 ||
                       source.replay.streams[1].part > 0);
  source.borrows_birth = opened.start.committed.offset == 0;

  // The finder opens nothing whose path does not parse.
  const auto path = ParsePodLogPath(opened.path);
  PODTAIL_DCHECK(path.has_value());
  source.key = {opened.container, PODTAIL_MUTANT(kEpochForgotten) ? 0 : opened.epoch,
                path->restart_count};
  std::weak_ptr<Instance>& known = instances_[source.key];
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
  source.found_end = opened.size;
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
    source->late = source->late_from && line.extent.begin >= *source->late_from;
    if (!source->started) Begin(line, out, source);
    Fragment fragment;
    const bool is_cri = Parse(line, source, &fragment);
    if (!is_cri && line.ends && PODTAIL_MUTANT(kMalformedSkipped)) {
      source->last_line = &line;
      return EndLine(fragment, source, tick);
    }
    const std::size_t stream = IndexOf(fragment.stream);
    const bool alone = line.ends && fragment.full &&
                       (!is_cri || !RunsOf(source)->of[stream].open()) &&
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
  if (source->switching) lanes_->NeedsJournal(state);
  if (HasFlag(fragment.flags, RecordFlags::kMalformed) && source->borrows_birth) {
    // The file system may say something else after a restore: write it down
    // before anyone sees the record (decision 9a).
    ledger_->Journal(line.source);
    lanes_->NeedsJournal(state);
  }
}

void BatchAssembler::Feed(const Fragment& fragment, Source* source, const Tick& tick) {
  OpenRuns* runs = RunsOf(source);
  const bool malformed = HasFlag(fragment.flags, RecordFlags::kMalformed);
  const std::size_t stream = PODTAIL_MUTANT(kStreamsMerged) ? 0 : IndexOf(fragment.stream);
  if (malformed && source->split == nullptr) source->split = std::make_unique<FragmentJoiner>();
  FragmentJoiner* run = malformed ? source->split.get() : &runs->of[stream];
  if (!malformed && !run->open()) {
    runs->opened_at[stream] = tick.now;
    runs->opened_in[stream] = fragment.source;
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
    CloseRun(runs, stream);  // as it was in an earlier life
  }
  if (!malformed) SyncRun(runs, stream);
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
  if (journal_ || giving_->switching) lanes_->NeedsJournal(state);
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

// The last line of a file has no end and never will: what there is is the line. At
// once, for the run of its stream goes on in the next file.
void BatchAssembler::EndRest(const SourceClosed& closed, const Tick& tick) {
  Source* source = Find(closed.source);
  if (source == nullptr || !source->mid_line) return;
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

void BatchAssembler::Close(const SourceClosed& closed, const Tick& tick) {
  EndRest(closed, tick);
  Source* source = Find(closed.source);
  if (source == nullptr) return;
  source->gone = source->gone || closed.gone;
  for (std::size_t i = 0; i < 2; ++i) {
    if (closed.finishes_instance) CutRun(&source->instance->runs, i, tick);
    if (source->late_runs != nullptr) CutRun(source->late_runs.get(), i, tick);
  }
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
  const auto instance = found->second.key;
  auto& of_instance = found->second.instance->sources;
  of_instance.erase(std::remove(of_instance.begin(), of_instance.end(), id), of_instance.end());
  Instance* of = found->second.instance.get();
  if (of->last == id) of->ended_short = EndedShort(found->second);
  auto& begun = of->begun;
  begun.erase(std::remove(begun.begin(), begun.end(), id), begun.end());
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
