// SPDX-License-Identifier: Apache-2.0
// Two engines on one state directory would overwrite each other's checkpoints.
// refused: deleted
#include "podtail/engine.h"

bool Use(const podtail::Engine& engine) {
#ifdef PODTAIL_MISTAKE
  const podtail::Engine copy = engine;
#else
  const podtail::Engine& copy = engine;
#endif
  return copy.idle();
}
