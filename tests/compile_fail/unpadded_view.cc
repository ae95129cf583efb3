// SPDX-License-Identifier: Apache-2.0
// A plain view does not promise that the bytes behind it may be read.
// refused: PaddedView
#include <string_view>

#include "podtail/padded_view.h"

char FirstOf(podtail::PaddedView bytes) {
  return bytes.view().empty() ? '-' : bytes.view()[0];
}

char Use(std::string_view bytes) {
#ifdef PODTAIL_MISTAKE
  return FirstOf(bytes);
#else
  return FirstOf({podtail::kAssumePadded, bytes});
#endif
}
