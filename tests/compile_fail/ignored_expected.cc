// SPDX-License-Identifier: Apache-2.0
// The same for a value or the reason there is none.
// refused: unused-result|unused-value|nodiscard
#include "podtail/expected.h"

podtail::Expected<int> Work();

bool Use() {
#ifdef PODTAIL_MISTAKE
  Work();
  return true;
#else
  return Work().has_value();
#endif
}
