// SPDX-License-Identifier: Apache-2.0
#include "podtail/trace_context.h"

#include <algorithm>

#include "engine/base/hex.h"

namespace podtail {
namespace {

// Places in "vv-tttttttttttttttttttttttttttttttt-ssssssssssssssss-ff".
constexpr std::size_t kTraceAt = 3, kTraceDigits = 32;
constexpr std::size_t kSpanAt = 36, kSpanDigits = 16;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kTraceparentBytes = 55;

// W3C headers are lower case only; DecodeHex takes either.
bool HasUpperCase(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'F'; });
}

}  // namespace

std::optional<TraceId> ParseTraceId(std::string_view hex) noexcept {
  TraceId id;
  if (!DecodeHex(hex, id.bytes) || !id.valid()) return std::nullopt;
  return id;
}

std::optional<TraceContext> ParseTraceparent(std::string_view text) noexcept {
  if (text.size() < kTraceparentBytes) return std::nullopt;
  const std::string_view head = text.substr(0, kTraceparentBytes);
  const std::string_view rest = text.substr(kTraceparentBytes);
  if (head[2] != '-' || head[kSpanAt - 1] != '-' || head[kFlagsAt - 1] != '-') return std::nullopt;
  if (HasUpperCase(head)) return std::nullopt;

  std::array<std::uint8_t, 1> version, flags;
  TraceContext context;
  if (!DecodeHex(head.substr(0, 2), version) ||
      !DecodeHex(head.substr(kTraceAt, kTraceDigits), context.trace_id.bytes) ||
      !DecodeHex(head.substr(kSpanAt, kSpanDigits), context.span_id.bytes) ||
      !DecodeHex(head.substr(kFlagsAt), flags)) {
    return std::nullopt;
  }
  if (version[0] == 0xff || !context.trace_id.valid() || !context.span_id.valid()) {
    return std::nullopt;
  }
  // Version 00 ends here; a later one may add fields behind another dash.
  if (!rest.empty() && (version[0] == 0 || rest[0] != '-')) return std::nullopt;
  context.flags = flags[0];
  return context;
}

}  // namespace podtail
