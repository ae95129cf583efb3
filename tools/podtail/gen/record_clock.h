// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_RECORD_CLOCK_H_
#define PODTAIL_TOOLS_GEN_RECORD_CLOCK_H_
// The time at which a runtime sees a line. Nanoseconds since the Unix epoch,
// each larger than the one before. Not thread-safe.
#include <cstdint>

#include "tools/podtail/gen/rng.h"

namespace podtail::gen {

class RecordClock {
 public:
  RecordClock() = default;
  RecordClock(const RecordClock&) = delete;
  RecordClock& operator=(const RecordClock&) = delete;
  virtual ~RecordClock() = default;
  virtual std::int64_t Next() = 0;
};

// Runs by itself from `start`, about 10,000 lines a second, so that a tree is a
// function of its seed. Now and then it stops at a whole millisecond or second:
// containerd then writes six, three or no digits of the fraction.
class VirtualClock final : public RecordClock {
 public:
  VirtualClock(std::int64_t start, std::uint64_t seed) : now_(start), rng_(seed) {}
  std::int64_t Next() override;

 private:
  std::int64_t now_;
  Rng rng_;
};

// The machine's clock.
class WallClock final : public RecordClock {
 public:
  std::int64_t Next() override;

 private:
  std::int64_t last_ = 0;
};

}  // namespace podtail::gen
#endif
