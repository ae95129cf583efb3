// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_CHECKPOINT_LOSS_LINE_H_
#define PODTAIL_ENGINE_CHECKPOINT_LOSS_LINE_H_
// One entry of the loss log as one line of JSON (FORMAT.md):
//
//   {"time":"2026-11-22T13:59:29.967213710Z","reason":"refused","path":"...", ... }
//
// Text that is not UTF-8 stands there twice: readable, with U+FFFD for what is
// not, and exact, in hexadecimal, under its name with "_hex".
// Pure; any thread.
#include <string>
#include <string_view>

#include "podtail/loss_log.h"

namespace podtail {

// As in "nul_run"; "unknown" for what is not an enumerator.
std::string_view LossReasonName(LossReason reason) noexcept;

// Appends the line and its '\n'.
void AppendLossLine(const LossEntry& entry, std::string* out);

}  // namespace podtail
#endif
