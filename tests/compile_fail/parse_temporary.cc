// SPDX-License-Identifier: Apache-2.0
// The message of a parsed line points into the line, so a temporary line would leave it dangling.
// refused: deleted
#include <string>

#include "podtail/cri_line.h"

bool Parse(const std::string& line) {
#ifdef PODTAIL_MISTAKE
  return podtail::ParseCriLine(std::string(line)).has_value();
#else
  return podtail::ParseCriLine(line).has_value();
#endif
}
