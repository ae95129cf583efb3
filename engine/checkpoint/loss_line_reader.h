// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_CHECKPOINT_LOSS_LINE_READER_H_
#define PODTAIL_ENGINE_CHECKPOINT_LOSS_LINE_READER_H_
// A line of the loss log → what it says. The inverse of AppendLossLine, as far as
// showing needs it; members that it does not know are passed over.
//
// Total over all inputs, and no recursion: somebody may have edited the file. A
// line that a terminal would obey is refused, since podtail never writes one.
#include <optional>
#include <string>
#include <string_view>

#include "podtail/state_reader.h"

namespace podtail {

// nullopt: no line of a loss log. `line` without its end.
std::optional<LoggedLoss> ParseLossLine(std::string_view line);
// Two lines with the same are one entry, written twice.
std::string LossLineKey(const LoggedLoss& loss);

}  // namespace podtail
#endif
