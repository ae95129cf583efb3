// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_BASE_CHECK_H_
#define PODTAIL_ENGINE_BASE_CHECK_H_
// PODTAIL_DCHECK(condition): an invariant of podtail, checked where assertions
// are on (debug builds, sanitizers, tests). In release builds the places that
// must not act on a broken invariant test it themselves and return kInternal.
#include <cassert>

#ifdef PODTAIL_SIM
namespace podtail {
// The test binary's: ends the simulated world, not the process.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace podtail
#define PODTAIL_DCHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::podtail::CheckFailed(#condition, __FILE__, __LINE__))
#else
#define PODTAIL_DCHECK(condition) assert(condition)
#endif

#endif
