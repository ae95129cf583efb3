// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_SYSTEM_TICK_H_
#define PODTAIL_ENGINE_PORT_SYSTEM_TICK_H_
// The only clock of the library: everything else is told what time it is.
#include "podtail/tick.h"

namespace podtail {

// CLOCK_MONOTONIC and CLOCK_REALTIME, read one after the other: two vDSO calls,
// some 50 ns. Any thread.
Tick SystemTick() noexcept;

}  // namespace podtail
#endif
