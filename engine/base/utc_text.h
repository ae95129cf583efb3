// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_BASE_UTC_TEXT_H_
#define PODTAIL_ENGINE_BASE_UTC_TEXT_H_
// A Timestamp as RFC 3339 text, always thirty bytes:
//
//   2026-11-22T13:59:29.967213710Z
//
// Nine digits of fraction and 'Z', so that texts sort as their times do.
#include <string>

#include "podtail/tick.h"

namespace podtail {

// Every Timestamp has a year of four digits, 1677 to 2262.
void AppendUtcText(Timestamp time, std::string* out);

}  // namespace podtail
#endif
