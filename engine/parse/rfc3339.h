// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PARSE_RFC3339_H_
#define PODTAIL_ENGINE_PARSE_RFC3339_H_
// The timestamp at the front of a text, for parsers that go on behind it.
#include "podtail/timestamp.h"

namespace podtail {

// Reads the longest valid timestamp that starts at `begin` into `*time` and
// returns where it ends; null, and `*time` unspecified, when there is none.
// Reads nothing at or behind `end`.
const char* ConsumeRfc3339(const char* begin, const char* end, ParsedTime* time) noexcept;

}  // namespace podtail
#endif
