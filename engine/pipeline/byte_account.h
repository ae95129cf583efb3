// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PIPELINE_BYTE_ACCOUNT_H_
#define PODTAIL_ENGINE_PIPELINE_BYTE_ACCOUNT_H_
// Conservation of bytes: settled + waiting + lost = read, of every source and of all.
//
//   begin                                                    end
//     | settled | lost | settled | in a batch | in a run | gap |
//                                  └────── waiting ──────────┘
//
// `begin` is where this life found the source committed; what was before it is
// no business of this life. What an earlier life gave out behind it (a shadow)
// counts as settled.
//
// It costs nothing per line: sources are moved once a turn, batches bring along
// how much they took of which source. Who holds what waits is counted apart, by
// those that hold it, so that Balances() compares two different sums.
//
// Thread safety: none; it belongs to the polling thread.
#include <cstdint>
#include <map>
#include <vector>

#include "podtail/source.h"

namespace podtail {

// What one holder has taken of one source.
struct ByteShare {
  SourceId source;
  std::uint64_t bytes;
};
// Adds to the last share if it is of the same source, which it almost always is.
void AddShare(SourceId source, std::uint64_t bytes, std::vector<ByteShare>* shares);

class ByteAccount {
 public:
  void Open(SourceId source, std::uint64_t begin);
  // Everything up to `end` was handed to somebody, or is a gap.
  void Read(SourceId source, std::uint64_t end);
  void Settle(SourceId source, std::uint64_t bytes);
  // Bytes that are in the loss log, or were of a settled batch that the sink did
  // not take as a whole: they begin at `begin`.
  void Lose(SourceId source, std::uint64_t begin, std::uint64_t bytes);
  // All of it is settled or lost.
  void Forget(SourceId source);
  // It is shed: behind `committed` nothing has happened.
  void Drop(SourceId source, std::uint64_t committed);

  // `held`: what batches, runs and gaps hold, by source.
  bool Balances(const std::map<SourceId, std::uint64_t>& held) const;
  // Nothing is committed that is not settled or lost.
  bool Covers(SourceId source, std::uint64_t committed) const;

  std::uint64_t settled_bytes() const noexcept { return static_cast<std::uint64_t>(settled_); }
  std::uint64_t lost_bytes() const noexcept { return static_cast<std::uint64_t>(lost_); }
  // Read, and neither.
  std::uint64_t held_bytes() const noexcept {
    return static_cast<std::uint64_t>(read_ - settled_ - lost_);
  }

 private:
  struct Loss {
    std::uint64_t begin;
    std::uint64_t bytes;
  };
  struct Source {
    std::uint64_t begin = 0, end = 0;
    std::uint64_t settled = 0, lost = 0;
    std::vector<Loss> losses;  // few: shedding has to know which are committed
  };
  std::map<SourceId, Source> sources_;
  // Over all sources that ever were. Signed: see Drop().
  std::int64_t read_ = 0, settled_ = 0, lost_ = 0;
};

}  // namespace podtail
#endif
