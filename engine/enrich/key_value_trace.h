// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_ENRICH_KEY_VALUE_TRACE_H_
#define PODTAIL_ENGINE_ENRICH_KEY_VALUE_TRACE_H_
// Trace context written as key and value anywhere in a line of text:
//
//   [trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7]
//   traceId: "4bf92f3577b34da6a3ce929d0e0e4736"
//
// sources.md C.5 says which values are ids, C.6.2 which one of several wins.
// Pure; linear in the text; no allocation.
#include <string_view>

#include "podtail/trace_context.h"

namespace podtail {

// The leftmost valid trace id, with the span id and the flags of its group: what
// follows up to the next ']' or '}'. Not valid() when there is none.
TraceContext FindKeyValueTrace(std::string_view text) noexcept;

}  // namespace podtail
#endif
