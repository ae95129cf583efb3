// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_HOLD_H_
#define PODTAIL_HOLD_H_
// What ties a batch, or a run of fragments, to the bytes it came from.
#include <cstdint>
#include "podtail/resume_point.h"
#include "podtail/source.h"
namespace podtail {

// Order of their first records; starts at 1, no gaps. Also names a gap on its way to the
// loss log.
enum class BatchSequence : std::uint64_t {};

// From here on, nothing of the source may be committed before the holder is
// settled. It carries the replay state as of its begin, so that whichever hold
// determines the committed offset also says how to go on from there.
struct Hold {
  SourceId source;
  ResumePoint begin;
};

}  // namespace podtail
#endif
