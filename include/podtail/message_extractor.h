// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_MESSAGE_EXTRACTOR_H_
#define PODTAIL_MESSAGE_EXTRACTOR_H_
// Finds what a message says about itself: its trace and its level.
//
// Today the two shapes of the articles' applications (HACKING.md, open points):
//
//   [INFO] [trace_id=<hex> span_id=<hex>] text {json}            Nest, winston
//   2026-.. INFO [name] [file:1] [trace_id=<hex> span_id=<hex> ...
//     resource.service.name=<text> trace_sampled=True] - text    Python
//
// The id is found behind trace_id, traceId, traceID or trace.id anywhere in a
// text; the level only at its start. The leftmost valid id wins, so the same
// message always gives the same answer. A message without a literal hint is
// dismissed by one scan. Words for "no trace" ("undefined", "0", "null") are
// absence, not errors. A message that is a JSON object, by its first and its
// last byte, says nothing today: its keys need a JSON reader, not a text scan.
#include <cstddef>
#include <memory>
#include "podtail/expected.h"
#include "podtail/export.h"
#include "podtail/padded_view.h"
#include "podtail/severity.h"
#include "podtail/trace_context.h"
namespace podtail {

struct MessageExtractorOptions {
  // Only this much of a message is searched. A word that the limit cuts is not
  // looked at, so half of an id is never taken for one. Not 0.
  std::size_t scan_bytes_max = 4 * 1024;
};

struct MessageFields {
  TraceContext trace = {};  // !trace.valid() when none was found
  Severity severity = {};   // 0 when none was found; borrows from the message
};

// Not thread-safe; cheap to move, one per engine.
class PODTAIL_EXPORT MessageExtractor {
 public:
  // kInvalidArgument, naming the option, for what cannot work.
  static Expected<MessageExtractor> Create(const MessageExtractorOptions& options);
  MessageExtractor(MessageExtractor&&) noexcept;
  MessageExtractor& operator=(MessageExtractor&&) noexcept;
  ~MessageExtractor();
  // Never fails.
  MessageFields Extract(PaddedView message) noexcept;

 private:
  struct Impl;
  explicit MessageExtractor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace podtail
#endif
