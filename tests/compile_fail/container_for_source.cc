// SPDX-License-Identifier: Apache-2.0
// Both are small numbers inside; a call that mixes them up must not compile.
// refused: SourceId
#include "podtail/tailer.h"

void Use(podtail::Tailer& tailer, podtail::SourceId source, podtail::ContainerId container) {
#ifdef PODTAIL_MISTAKE
  tailer.Retire(container);
  tailer.Pause(source);
#else
  tailer.Retire(source);
  tailer.Pause(container);
#endif
}
