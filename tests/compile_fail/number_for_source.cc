// SPDX-License-Identifier: Apache-2.0
// A SourceId is handed out by a tailer; a number is not one, and a container is not a source.
// refused: SourceId
#include "podtail/source.h"

podtail::SourceId Use(podtail::SourceId given) {
  podtail::SourceId source = given;
#ifdef PODTAIL_MISTAKE
  source = 3;
#endif
  return source;
}
