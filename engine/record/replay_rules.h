// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_RECORD_REPLAY_RULES_H_
#define PODTAIL_ENGINE_RECORD_REPLAY_RULES_H_
// How the lines before a record shape it (resume_point.h). Pure: the same state
// and the same bytes give the same record, in this life and after a restart.
#include "engine/base/mutant.h"
#include "podtail/resume_point.h"

namespace podtail {

// The time that the stream's next record goes out with. `unique`: the sink needs
// every time of a file and stream once (spec E.6: Loki drops a repeated pair of
// time and line). The drift ends where the runtime's own times pass it.
inline Timestamp NextTime(ReplayState::Stream* stream, Timestamp raw, bool unique) noexcept {
  const bool repeats =
      raw == stream->last_raw || (stream->last_raw < raw && raw <= stream->last_out);
  // Nothing comes after the last time there is (2262): no server takes it, so it may repeat.
  const bool moves =
      unique && repeats && stream->last_out < Timestamp::max() && !PODTAIL_MUTANT(kTimesNotUnique);
  const Timestamp out = moves ? stream->last_out + std::chrono::nanoseconds(1) : raw;
  stream->last_raw = raw;
  stream->last_out = out;
  return out;
}

inline std::size_t IndexOf(LogStream stream) noexcept {
  return stream == LogStream::kStderr ? 1 : 0;
}

}  // namespace podtail
#endif
