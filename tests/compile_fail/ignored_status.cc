// SPDX-License-Identifier: Apache-2.0
// An outcome that nobody looks at is an error that nobody sees.
// refused: unused-result|unused-value|nodiscard
#include "podtail/status.h"

podtail::Status Work();

bool Use() {
#ifdef PODTAIL_MISTAKE
  Work();
  return true;
#else
  return Work().ok();
#endif
}
