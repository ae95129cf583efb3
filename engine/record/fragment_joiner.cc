// SPDX-License-Identifier: Apache-2.0
#include "engine/record/fragment_joiner.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/record/replay_rules.h"

namespace podtail {

void FragmentJoiner::Feed(const Fragment& fragment, const JoinerLimits& limits, JoinerOutput* out) {
  if (fragment.begins) {
    stream_ = fragment.stream;
    if (part_ == 0) part_ = 1;
    if (limits.drop_overflow && part_ > 1) {
      dropping_ = true;
      part_open_ = false;
    }
    gap_ = 0;
    last_source_ = fragment.source;
    last_begin_ = fragment.extent.begin;
    // A line that comes in pieces is longer than the read buffer: nobody knows
    // yet by how much, so it never continues a part.
    const bool too_long =
        !fragment.ends || part_bytes_ + fragment.message.size() > limits.record_bytes_max;
    if (part_open_ && too_long && part_bytes_ > 0) {
      EmitPart(RecordFlags::kNone, true, out);
      if (limits.drop_overflow) dropping_ = true;
    }
    if (!dropping_) {
      if (part_open_) {
        AddPiece(fragment, fragment.extent.begin, fragment.extent.begin);
        ++fragments_;
      } else {
        OpenPart(fragment, limits, fragment.extent.begin);
      }
    }
  }
  Append(fragment, limits, out);
  if (!fragment.ends || !fragment.full) return;
  flags_ = flags_ | fragment.flags;  // a line without an end says so at its end
  if (part_open_) EmitPart(RecordFlags::kNone, part_ > 1, out);
  EmitOverflow(out);
  Forget();
}

void FragmentJoiner::Append(const Fragment& fragment, const JoinerLimits& limits,
                            JoinerOutput* out) {
  std::string_view rest = fragment.message;
  // Of the first byte of `rest` in the file; what precedes it belongs to the
  // record too (the head of its line).
  std::uint64_t at = fragment.extent.begin + fragment.head.size();
  while (part_open_ && part_bytes_ + rest.size() > limits.record_bytes_max) {
    const auto room = static_cast<std::size_t>(
        limits.record_bytes_max - std::min<std::uint64_t>(part_bytes_, limits.record_bytes_max));
    if (!shadow_) body_.append(rest.substr(0, room));
    part_bytes_ += room;
    rest.remove_prefix(room);
    at += room;
    AddPiece(fragment, std::min(at, fragment.extent.begin), at);
    EmitPart(RecordFlags::kNone, true, out);
    if (limits.drop_overflow) {
      dropping_ = true;
    } else {
      OpenPart(fragment, limits, at);
    }
  }
  if (part_open_) {
    if (!shadow_) body_.append(rest);
    part_bytes_ += rest.size();
    AddPiece(fragment, fragment.begins ? fragment.extent.begin : at, fragment.extent.end);
    return;
  }
  // Dropping: one piece per source, from the first dropped byte to the last.
  const std::uint64_t begin =
      fragment.begins && rest.size() == fragment.message.size() ? fragment.extent.begin : at;
  if (pieces_.empty() || pieces_.back().source != fragment.source) {
    pieces_.push_back({fragment.source, {begin, begin}, 0});
    holds_.push_back(fragment.line);
  }
  pieces_.back().extent.end = fragment.extent.end;
  pieces_.back().bytes += fragment.extent.end - begin;
}

void FragmentJoiner::OpenPart(const Fragment& fragment, const JoinerLimits& limits,
                              std::uint64_t begin) {
  PODTAIL_DCHECK(!part_open_ && body_.empty() && holds_.empty());
  part_open_ = true;
  part_bytes_ = 0;
  fragments_ = 1;
  if (fragment.begins) {
    head_.assign(fragment.head);
    time_text_bytes_ = fragment.time_text.size();
    time_text_at_ =
        fragment.time_text.empty()
            ? 0
            : static_cast<std::size_t>(fragment.time_text.data() - fragment.head.data());
  }
  // Otherwise the part begins inside the line whose head is still the same.
  flags_ = fragment.flags;
  time_ = NextTime(fragment.times, fragment.time, limits.unique_times);
  holds_.push_back(fragment.line);
  pieces_.push_back({fragment.source, {begin, begin}, 0});
}

void FragmentJoiner::AddPiece(const Fragment& fragment, std::uint64_t begin, std::uint64_t end) {
  std::vector<Piece>& pieces = shadow_ ? passed_ : pieces_;
  if (pieces.empty() || pieces.back().source != fragment.source) {
    pieces.push_back({fragment.source, {begin, begin}, 0});
    if (!shadow_) holds_.push_back(fragment.line);
  }
  Piece& piece = pieces.back();
  if (end <= piece.extent.end) return;
  piece.bytes += end - std::max(piece.extent.end, std::min(begin, end));
  piece.extent.end = end;
}

void FragmentJoiner::EmitPart(RecordFlags more, bool split, JoinerOutput* out) {
  if (!shadow_) {
    RecordDraft draft;
    draft.raw = head_;
    draft.time_text = std::string_view(head_).substr(time_text_at_, time_text_bytes_);
    draft.body = body_;
    draft.time = time_;
    draft.pieces = pieces_;
    draft.part = split ? (PODTAIL_MUTANT(kPartsAlike) ? 1 : part_) : 0;
    draft.stream = stream_;
    draft.flags = flags_ | more;
    if (fragments_ > 1) draft.flags = draft.flags | RecordFlags::kJoined;
    out->TakeRecord(draft, holds_);
  }
  part_open_ = false;
  shadow_ = false;
  part_bytes_ = 0;
  ++part_;
  body_.clear();
  pieces_.clear();
  holds_.clear();
  fragments_ = 0;
}

void FragmentJoiner::EmitOverflow(JoinerOutput* out) {
  if (!dropping_) return;
  for (std::size_t i = 0; i < pieces_.size(); ++i) out->TakeOverflow(pieces_[i], holds_[i]);
  pieces_.clear();
  holds_.clear();
}

void FragmentJoiner::Close(JoinerOutput* out) {
  if (part_open_) EmitPart(RecordFlags::kUnterminated, part_ > 1, out);
  EmitOverflow(out);
  Forget();
}

void FragmentJoiner::BecomeShadow(LogStream stream, const ReplayState::Stream& state) {
  PODTAIL_DCHECK(part_ == 0 && state.part != 0);
  stream_ = stream;
  part_ = state.part;
  part_bytes_ = state.part_bytes;
  part_open_ = true;
  shadow_ = true;
  fragments_ = 0;
  gap_ = state.run_gap;
}

void FragmentJoiner::EndRunInHolds(LogStream stream, SourceId source, std::uint64_t from) {
  for (Hold& hold : holds_) {
    if (hold.source == source && hold.begin.offset >= from) hold.begin.replay.EndRun(stream);
  }
}

void FragmentJoiner::DropShadow() {
  PODTAIL_DCHECK(shadow_);
  Forget();
}

void FragmentJoiner::Forget() {
  part_ = 0;
  part_bytes_ = 0;
  part_open_ = false;
  shadow_ = false;
  dropping_ = false;
  gap_ = 0;
  // A run is rare; what it needed is not kept for the next one.
  std::string().swap(body_);
  std::string().swap(head_);
  pieces_ = {};
  holds_ = {};
}

std::size_t FragmentJoiner::memory_bytes() const noexcept {
  // A short string lies in the joiner itself.
  const auto allocated = [](const std::string& text) {
    return text.capacity() > std::string().capacity() ? text.capacity() : 0;
  };
  return allocated(body_) + allocated(head_) + pieces_.capacity() * sizeof(Piece) +
         holds_.capacity() * sizeof(Hold);
}

}  // namespace podtail
