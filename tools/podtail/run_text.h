// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_RUN_TEXT_H_
#define PODTAIL_TOOLS_RUN_TEXT_H_
// How podtail itself prints text that it did not choose: paths, messages of the
// system, answers of a sink.
//
// What could move a cursor, hide or reorder text is escaped: control characters,
// C1, bidirectional controls, line and paragraph separators, and bytes that are
// not UTF-8. One event stays one line, whatever is in it.
// Pure; any thread.
#include <cstdint>
#include <string>
#include <string_view>

#include "podtail/tick.h"
namespace podtail {

// For people: \n \x1b \u202e \xff. A backslash is doubled.
void AppendVisible(std::string_view bytes, std::string* out);
// As one field of a line of text: in quotes if it is empty or holds a blank, a
// quote or '='.
void AppendTextValue(std::string_view bytes, std::string* out);
// A JSON string with its quotes. A byte that is not UTF-8 becomes U+FFFD.
void AppendJsonString(std::string_view bytes, std::string* out);
// 2026-11-22T13:59:29.967213710Z with `digits` (0, 3, 6 or 9) of the fraction.
void AppendTime(Timestamp time, int digits, std::string* out);

}  // namespace podtail
#endif
