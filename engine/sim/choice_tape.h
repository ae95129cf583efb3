// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_CHOICE_TAPE_H_
#define PODTAIL_ENGINE_SIM_CHOICE_TAPE_H_
// Every random decision of a simulated world, as bounded integers in order.
//
//   3 0 17 0 0 240 ...
//
// Generating, the numbers come from a seed and are recorded. Replaying, they come
// from the tape, and are 0 once it is used up. Any numbers are a world: they are
// taken modulo the bound that the decision has, and 0 is the quiet choice. That is
// what makes a tape shrinkable.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "podtail/expected.h"

namespace podtail {

class ChoiceTape {
 public:
  static ChoiceTape FromSeed(std::uint64_t seed);
  static ChoiceTape FromNumbers(std::vector<std::uint32_t> numbers);
  // kInvalidArgument: not numbers.
  static Expected<ChoiceTape> Parse(std::string_view text);

  // One of 0 .. bound-1. REQUIRES: bound > 0.
  std::uint32_t Below(std::uint32_t bound);
  // One in `n` times; with n == 0 never, and nothing is drawn.
  bool OneIn(std::uint32_t n) { return n > 0 && Below(n) == n - 1; }
  std::uint32_t Between(std::uint32_t least, std::uint32_t most) {
    return least + Below(most - least + 1);
  }

  // What was drawn so far.
  const std::vector<std::uint32_t>& drawn() const noexcept { return drawn_; }
  static std::string TextOf(std::span<const std::uint32_t> numbers);

 private:
  std::uint64_t Next();

  bool generating_ = false;
  std::uint64_t state_ = 0;
  std::vector<std::uint32_t> given_;
  std::vector<std::uint32_t> drawn_;
};

}  // namespace podtail
#endif
