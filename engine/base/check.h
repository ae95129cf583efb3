// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_BASE_CHECK_H_
#define PODTAIL_ENGINE_BASE_CHECK_H_
// PODTAIL_DCHECK(condition): an invariant of podtail, checked where assertions
// are on (debug builds, sanitizers, tests). In release builds the places that
// must not act on a broken invariant test it themselves and return kInternal.
#include <cassert>

#define PODTAIL_DCHECK(condition) assert(condition)

#endif
