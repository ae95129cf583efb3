// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_RECORD_FRAGMENT_JOINER_H_
#define PODTAIL_ENGINE_RECORD_FRAGMENT_JOINER_H_
// Makes one record of a run of fragments, P ... P F, of one stream of one
// container instance, byte for byte, across rotations.
//
//   P 16 KiB │ P 16 KiB │ F 3 bytes          one record, kJoined
//   P │ P │ ... above the limit ... │ F      parts 1, 2, 3 ..., or part 1 and a gap
//   P │ (1 MiB of other lines)               one record, kUnterminated
//
// Parts end between fragments, so that a commit can fall there; only a fragment
// that is too long alone is cut inside. It also cuts single lines that are too
// long: to the joiner they are a run of one fragment that comes in pieces.
//
// A part may be a shadow: after a restart the committed offset can lie inside a
// run. The bytes of its open part before the offset were given out, and so was
// whatever the lines behind it add to that part: it is counted and not kept, and
// nothing is given out before the next part begins.
//
// Invariants
//   1 body, pieces and holds belong to the open part and are empty without one;
//     of a shadow they are empty too.
//   2 a part takes its time when it opens, from the fragment it opens with.
//   3 what goes out is a function of the fragments fed and of the limit.
// Not thread-safe.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/record/record_batch_builder.h"
#include "podtail/hold.h"
#include "podtail/resume_point.h"

namespace podtail {

// One line of the stream, or a piece of one that is too long for the read buffer.
struct Fragment {
  std::string_view head;       // the line up to its message; empty unless `begins`
  std::string_view time_text;  // within head
  std::string_view message;
  Timestamp time{};                      // as printed, or borrowed
  ReplayState::Stream* times = nullptr;  // of this source: gives the next time, see NextTime()
  SourceId source{};
  Extent extent{};  // of these bytes, their '\n' included
  Hold line;        // where the line begins
  LogStream stream = LogStream::kStdout;
  RecordFlags flags = RecordFlags::kNone;  // kMalformed, kTimeClamped
  bool begins = true;
  bool ends = true;
  bool full = true;  // F: ends its run
};

// Takes what a joiner gives out. Views are valid during the call.
class JoinerOutput {
 public:
  virtual ~JoinerOutput() = default;
  // `holds`: one per source of the record, in read order.
  virtual void TakeRecord(const RecordDraft& draft, std::span<const Hold> holds) = 0;
  // Bytes above the limit that are dropped on purpose.
  virtual void TakeOverflow(const Piece& piece, const Hold& hold) = 0;
};

struct JoinerLimits {
  std::size_t record_bytes_max = 1024 * 1024;
  bool drop_overflow = false;  // only part 1; the rest is overflow
  bool unique_times = false;
};

class FragmentJoiner {
 public:
  // REQUIRES: pieces of one line are fed one after the other.
  void Feed(const Fragment& fragment, const JoinerLimits& limits, JoinerOutput* out);
  // The run ends without its F.
  void Close(JoinerOutput* out);
  // Continue a run that the replay state at the committed offset speaks of.
  // REQUIRES: !open(), state.part != 0.
  void BecomeShadow(LogStream stream, const ReplayState::Stream& state);

  // The other stream's run was closed: its holds from there on do not speak of it.
  void EndRunInHolds(LogStream stream, SourceId source, std::uint64_t from);
  // Nothing goes on where a shadow was: what looks like its rest is not.
  // REQUIRES: shadow().
  void DropShadow();

  bool open() const noexcept { return part_ != 0; }
  // Open, and what was fed of the open part was given out in an earlier life.
  bool shadow() const noexcept { return shadow_; }
  // A shadow into which nothing was fed yet: it has no last fragment.
  bool unfed() const noexcept { return shadow_ && fragments_ == 0; }
  // Of the open run: the part it is in (0 when no run is open), and how much of
  // that part was fed.
  std::uint32_t part() const noexcept { return part_; }
  std::uint64_t part_bytes() const noexcept { return part_bytes_; }
  // Bytes of other lines since the last fragment.
  std::uint64_t gap() const noexcept { return gap_; }
  void AddGap(std::uint64_t bytes) noexcept { gap_ += bytes; }
  void SetGap(std::uint64_t bytes) noexcept { gap_ = bytes; }
  // What the open part, or the overflow so far, still needs; one per source.
  std::span<const Hold> holds() const noexcept { return holds_; }
  // And what it has taken; one or more per source.
  std::span<const Piece> pieces() const noexcept { return pieces_; }
  // What shadows have taken since the last call.
  std::vector<Piece> TakePassed() { return std::exchange(passed_, {}); }
  // Where the last fragment began.
  SourceId last_source() const noexcept { return last_source_; }
  std::uint64_t last_begin() const noexcept { return last_begin_; }
  // Allocated by the open run; 0 without one.
  std::size_t memory_bytes() const noexcept;

 private:
  void OpenPart(const Fragment& fragment, const JoinerLimits& limits, std::uint64_t begin);
  void AddPiece(const Fragment& fragment, std::uint64_t begin, std::uint64_t end);
  void EmitPart(RecordFlags more, bool split, JoinerOutput* out);
  void Append(const Fragment& fragment, const JoinerLimits& limits, JoinerOutput* out);
  void EmitOverflow(JoinerOutput* out);
  void Forget();

  std::uint32_t part_ = 0;  // of the open part, or the one that opens next; 0: no run
  std::uint64_t part_bytes_ = 0;
  bool part_open_ = false;
  bool shadow_ = false;  // the open part
  bool dropping_ = false;
  std::string head_;  // of the part's first line
  std::size_t time_text_at_ = 0, time_text_bytes_ = 0;
  std::string body_;
  std::vector<Piece> pieces_;
  std::vector<Hold> holds_;
  std::vector<Piece> passed_;
  std::uint32_t fragments_ = 0;
  Timestamp time_{};
  LogStream stream_ = LogStream::kStdout;
  RecordFlags flags_ = RecordFlags::kNone;
  std::uint64_t gap_ = 0;
  SourceId last_source_{};
  std::uint64_t last_begin_ = 0;
};

}  // namespace podtail
#endif
