// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_WRITE_PROGRESS_H_
#define PODTAIL_WRITE_PROGRESS_H_
// How far a writer to disk has got.
//
// A disk may take two seconds for a sync, and neither reading nor sending may
// wait for it. So a write is submitted, gets a number, and is durable once a
// later Poll() says so.
#include <cstdint>
#include "podtail/status.h"
#include "podtail/tick.h"
namespace podtail {

// 1, 2, 3 ... in the order of submission to one writer; 0 is "nothing yet".
enum class WriteSequence : std::uint64_t {};

struct WriteProgress {
  WriteSequence durable{};  // everything up to here survives a crash
  Status trouble = {};      // why it gets no further (it goes on trying); OK when it does
  Instant next{};           // when Poll() is due again
};

}  // namespace podtail
#endif
