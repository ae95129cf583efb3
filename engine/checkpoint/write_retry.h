// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_CHECKPOINT_WRITE_RETRY_H_
#define PODTAIL_ENGINE_CHECKPOINT_WRITE_RETRY_H_
// When a write that failed is tried again: after 250 ms, then twice as long each
// time, 30 s at most. A disk that stays full is asked twice a minute, for ever.
// Pure: time is an argument.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "podtail/status.h"
#include "podtail/tick.h"

namespace podtail {

// How soon a write under way is looked at again, where no descriptor says when.
inline constexpr Duration kLookAtWriteAgain = std::chrono::milliseconds(10);

class WriteRetry {
 public:
  void Failed(Status why, Instant now) {
    trouble_ = std::move(why);
    due_ = now + std::min<Duration>(kDelayMax, kDelayMin * (std::int64_t{1} << failures_));
    failures_ = std::min(failures_ + 1, 10);
  }
  void Succeeded() { *this = WriteRetry(); }

  bool waiting(Instant now) const { return !trouble_.ok() && now < due_; }
  // OK unless the last attempt failed.
  const Status& trouble() const { return trouble_; }
  Instant due() const { return due_; }

 private:
  static constexpr Duration kDelayMin = std::chrono::milliseconds(250);
  static constexpr Duration kDelayMax = std::chrono::seconds(30);

  Status trouble_;
  Instant due_{};
  int failures_ = 0;
};

}  // namespace podtail
#endif
