// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TRACE_CONTEXT_H_
#define PODTAIL_TRACE_CONTEXT_H_
// W3C trace identifiers as values.
//
//   00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
//   version    trace id (16 bytes)       span id (8)     flags
//
// Pure and total, like cri_line.h: no allocation, no locale, any thread; nothing
// borrows from the text. The bytes are in the order in which they are printed.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include "podtail/export.h"
namespace podtail {

struct TraceId {
  std::array<std::uint8_t, 16> bytes{};
  // All zeroes is the W3C "no trace" value.
  bool valid() const noexcept { return bytes != decltype(bytes){}; }
  friend bool operator==(const TraceId&, const TraceId&) = default;
};
// One operation within a trace; all zeroes is "none" here too.
struct SpanId {
  std::array<std::uint8_t, 8> bytes{};
  bool valid() const noexcept { return bytes != decltype(bytes){}; }
  friend bool operator==(const SpanId&, const SpanId&) = default;
};
// What a log line says about its trace.
struct TraceContext {
  TraceId trace_id;
  SpanId span_id;          // may be absent (all zero) while trace_id is present
  std::uint8_t flags = 0;  // W3C trace-flags; bit 0 is "sampled"
  bool valid() const noexcept { return trace_id.valid(); }
};

// 32 hex digits, either case, not all zero; nullopt for anything else.
// REQUIRES nothing: any bytes may come.
PODTAIL_EXPORT std::optional<TraceId> ParseTraceId(std::string_view hex) noexcept;
// "00-<trace>-<span>-<flags>"; unknown later versions are read as version 00.
PODTAIL_EXPORT std::optional<TraceContext> ParseTraceparent(std::string_view text) noexcept;

}  // namespace podtail
#endif
