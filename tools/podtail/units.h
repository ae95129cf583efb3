// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_UNITS_H_
#define PODTAIL_TOOLS_UNITS_H_
// Byte sizes and durations as people write them on a command line.
//
//   64MiB  10Mi  1G    powers of 1024: KiB Ki K, MiB Mi M, GiB Gi G, TiB Ti T
//   500KB  2MB         powers of 1000: KB, MB, GB, TB
//   4096   4096B       bytes
//   1s  500ms  2m  1h  also us, ns, and several together: 1m30s
//   0                  is a duration without a unit
//
// A size or a part of a duration may have a fraction (1.5GiB, 0.25s); what is
// finer than a byte or a nanosecond is cut off. Case does not matter in sizes.
// Nothing is negative. Pure; any thread.
#include <cstdint>
#include <string>
#include <string_view>

#include "podtail/expected.h"
#include "podtail/tick.h"

namespace podtail {

enum class UnitError : std::uint8_t {
  kNotANumber,   // does not start with a digit, or is empty
  kMissingUnit,  // a duration that says no unit
  kUnknownUnit,
  kTooLarge,  // above 2^63 - 1 bytes or nanoseconds
};

// A few words for a person: "unknown unit".
std::string_view Describe(UnitError error);

Expected<std::uint64_t, UnitError> ParseBytes(std::string_view text) noexcept;
Expected<Duration, UnitError> ParseDuration(std::string_view text) noexcept;

// The shortest exact form that ParseBytes and ParseDuration read back: "64MiB",
// "1s", "1500ms".
std::string BytesText(std::uint64_t bytes);
std::string DurationText(Duration duration);

}  // namespace podtail
#endif
