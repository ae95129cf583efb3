// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TIMESTAMP_H_
#define PODTAIL_TIMESTAMP_H_
// RFC 3339 timestamps as container runtimes write them:
//
//   YYYY-MM-DDThh:mm:ss[.d+](Z|+hh:mm|-hh:mm)      20 bytes and up
//
// The fraction may be missing or of any length: nine digits count, further ones
// are cut off, never rounded. The offset is applied. Every field is checked
// against its range and the calendar.
// Pure: no locale, no time zone database, no allocation; any thread.
#include <optional>
#include <string_view>
#include "podtail/export.h"
#include "podtail/tick.h"
namespace podtail {

struct ParsedTime {
  Timestamp time;
  // Valid text without an exact Timestamp, moved to the nearest one: a leap
  // second (second 60, valid only where UTC reads 23:59:60 on a month's last
  // day) or a year beyond 64 bits of nanoseconds (before 1678, after 2261).
  bool clamped;
};

// nullopt for anything but one whole, valid timestamp.
PODTAIL_EXPORT std::optional<ParsedTime> ParseRfc3339(std::string_view text) noexcept;

}  // namespace podtail
#endif
