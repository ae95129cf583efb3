// SPDX-License-Identifier: Apache-2.0
// Property: whatever runs of fragments come, in whatever pieces, the records joined by part are the
// messages byte for byte, every byte of the file is counted once, and no part exceeds the limit.
//
// Input: the first byte is the limit (1..64); then per fragment one byte of flags (bit 0: F, bits
// 1-2: pieces) and one of length. The oracle keeps whole messages in a vector of strings.
#include <cstdint>
#include <string>
#include <vector>

#include "engine/record/fragment_joiner.h"

namespace podtail {
namespace {

// Enough for several splits and runs; more only repeats them.
constexpr std::size_t kFragmentsMax = 200;
constexpr std::string_view kHead = "head ";

void Check(bool holds) {
  if (!holds) __builtin_trap();
}

class Collector : public JoinerOutput {
 public:
  explicit Collector(std::size_t limit) : limit_(limit) {}

  void TakeRecord(const RecordDraft& draft, std::span<const Hold> holds) override {
    Check(draft.body.size() <= limit_);
    Check(holds.size() == 1 && draft.pieces.size() == 1);
    Check(draft.pieces[0].extent.begin >= at_);
    at_ = draft.pieces[0].extent.end;
    bytes_ += draft.pieces[0].bytes;
    Check(holds[0].begin.offset <= draft.pieces[0].extent.begin);
    if (draft.part <= 1) messages.emplace_back();
    Check(!messages.empty() && (draft.part == 0 || draft.part == last_part_ + 1));
    last_part_ = draft.part == 0 ? 0 : draft.part;
    messages.back().append(draft.body);
  }
  void TakeOverflow(const Piece&, const Hold&) override { Check(false); }
  std::uint64_t bytes() const { return bytes_; }
  void EndMessage() { last_part_ = 0; }

  std::vector<std::string> messages;

 private:
  std::size_t limit_;
  std::uint64_t at_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint32_t last_part_ = 0;
};

void Run(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  const JoinerLimits limits{.record_bytes_max = 1U + data[0] % 64};
  Collector collector(limits.record_bytes_max);
  FragmentJoiner joiner;
  ReplayState::Stream times;
  std::vector<std::string> expected(1);
  std::uint64_t at = 0;
  std::size_t fragments = 0;
  for (std::size_t i = 1; i + 1 < size && fragments < kFragmentsMax; i += 2, ++fragments) {
    const bool full = (data[i] & 1) != 0;
    std::string message;
    for (std::size_t n = 0; n < data[i + 1]; ++n) {
      message.push_back(static_cast<char>('a' + (n + fragments) % 26));
    }
    expected.back() += message;
    const std::size_t pieces = 1U + (data[i] >> 1 & 3);
    const Hold line = [&] {
      Hold hold{};
      hold.begin.offset = at;
      return hold;
    }();
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      const std::size_t from = message.size() * piece / pieces;
      const std::size_t to = message.size() * (piece + 1) / pieces;
      Fragment fragment;
      fragment.begins = piece == 0;
      fragment.ends = piece + 1 == pieces;
      fragment.full = full;
      fragment.line = line;
      fragment.times = &times;
      fragment.head = fragment.begins ? kHead : std::string_view();
      fragment.message = std::string_view(message).substr(from, to - from);
      const std::uint64_t end =
          at + fragment.head.size() + fragment.message.size() + (fragment.ends ? 1U : 0U);
      fragment.extent = {at, end};
      at = end;
      joiner.Feed(fragment, limits, &collector);
    }
    if (full) {
      expected.emplace_back();
      collector.EndMessage();
      Check(!joiner.open() && joiner.holds().empty());
    }
  }
  const bool dangling = joiner.open();
  joiner.Close(&collector);
  if (!dangling) expected.pop_back();
  Check(collector.messages == expected);
  Check(collector.bytes() == at);
}

}  // namespace
}  // namespace podtail

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  podtail::Run(data, size);
  return 0;
}
