// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_RNG_H_
#define PODTAIL_TOOLS_GEN_RNG_H_
// Seeded random numbers (splitmix64): the same seed gives the same numbers on
// every machine and compiler, which std::uniform_int_distribution does not.
// A value; not thread-safe.
#include <cstdint>

namespace podtail::gen {

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Uniform in [0, n). REQUIRES: 0 < n < 2^32. The bias is below n / 2^32.
  std::uint64_t Below(std::uint64_t n) { return ((Next() >> 32) * n) >> 32; }
  bool OneIn(std::uint64_t n) { return Below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace podtail::gen
#endif
