// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/choice_tape.h"

#include <charconv>

#include "engine/base/check.h"

namespace podtail {
namespace {

constexpr std::size_t kNumbersPerLine = 24;
constexpr std::size_t kNumbersMax = std::size_t{16} * 1024 * 1024;

Unexpected<Status> RefuseNumbers(std::string_view why) {
  return Unexpected(Status(StatusCode::kInvalidArgument, why));
}

}  // namespace

ChoiceTape ChoiceTape::FromSeed(std::uint64_t seed) {
  ChoiceTape tape;
  tape.generating_ = true;
  tape.state_ = seed;
  return tape;
}

ChoiceTape ChoiceTape::FromNumbers(std::vector<std::uint32_t> numbers) {
  ChoiceTape tape;
  tape.given_ = std::move(numbers);
  return tape;
}

Expected<ChoiceTape> ChoiceTape::Parse(std::string_view text) {
  std::vector<std::uint32_t> numbers;
  while (!text.empty()) {
    if (text.front() == ' ' || text.front() == '\n') {
      text.remove_prefix(1);
      continue;
    }
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return RefuseNumbers("a tape holds decimal numbers only");
    if (numbers.size() == kNumbersMax) return RefuseNumbers("a tape of more than 16 Mi numbers");
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  return FromNumbers(std::move(numbers));
}

// splitmix64: of our own, so that a seed is the same world everywhere.
std::uint64_t ChoiceTape::Next() {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

std::uint32_t ChoiceTape::Below(std::uint32_t bound) {
  PODTAIL_DCHECK(bound > 0);
  std::uint32_t number = 0;
  if (generating_) {
    number = static_cast<std::uint32_t>(Next() >> 32) % bound;
  } else if (drawn_.size() < given_.size()) {
    number = given_[drawn_.size()] % bound;
  }
  drawn_.push_back(number);
  return number;
}

std::string ChoiceTape::TextOf(std::span<const std::uint32_t> numbers) {
  std::string text;
  std::size_t last = numbers.size();
  while (last > 0 && numbers[last - 1] == 0) --last;
  for (std::size_t i = 0; i < last; ++i) {
    text.append(std::to_string(numbers[i]));
    text.push_back(i + 1 == last || i % kNumbersPerLine == kNumbersPerLine - 1 ? '\n' : ' ');
  }
  return text;
}

}  // namespace podtail
