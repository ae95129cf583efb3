// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_SEVERITY_H_
#define PODTAIL_SEVERITY_H_
// The OpenTelemetry severity that a level word stands for. Pure, like
// cri_line.h. Where in a message the word is found is message_extractor.h's
// business; the stream never decides it.
#include <cstdint>
#include <string_view>
#include "podtail/export.h"
namespace podtail {

struct Severity {
  // SeverityNumber: 1 trace, 5 debug, 9 info, 13 warn, 17 error, 21 fatal, up
  // to three more for the steps between; 0 when no level was found.
  std::uint8_t number = 0;
  std::string_view text = {};  // the token exactly as printed; borrows from the message
};

// The number of one whole token ("WARN", "err", "notice"), either case; 0 for
// a word that is no level.
PODTAIL_EXPORT std::uint8_t SeverityNumberOf(std::string_view token) noexcept;

}  // namespace podtail
#endif
