// SPDX-License-Identifier: Apache-2.0
// A tailer owns descriptors and read positions: there is one of each.
// refused: deleted
#include "podtail/tailer.h"

bool Use(const podtail::Tailer& tailer) {
#ifdef PODTAIL_MISTAKE
  const podtail::Tailer copy = tailer;
#else
  const podtail::Tailer& copy = tailer;
#endif
  return copy.state().at_end;
}
