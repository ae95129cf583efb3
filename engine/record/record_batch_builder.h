// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_RECORD_RECORD_BATCH_BUILDER_H_
#define PODTAIL_ENGINE_RECORD_RECORD_BATCH_BUILDER_H_
// Gathers the records of one lane until they are sealed into a RecordBatch.
//
//   Add ── copies the line once, into the batch's arena ──▶ LogRecord
//   Need ─ notes from where on the batch needs its sources
//   Seal ─▶ RecordBatchRef, immutable; the builder is empty again
//
// Not thread-safe.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "podtail/record_batch.h"

namespace podtail {

// A record before its bytes have a home. All views borrow from the caller.
struct RecordDraft {
  // The line; of a record with a body of its own only the head of its first
  // line, so that nothing is copied twice.
  std::string_view raw;
  std::string_view time_text;  // within raw, or empty
  std::string_view body;       // within raw, or anywhere else
  Timestamp time;
  std::span<const Piece> pieces;
  std::uint32_t part = 0;
  LogStream stream = LogStream::kStdout;
  RecordFlags flags = RecordFlags::kNone;
};

class RecordBatchBuilder {
 public:
  RecordBatchBuilder(Lane lane, PodResourceRef resource);
  ~RecordBatchBuilder();
  RecordBatchBuilder(RecordBatchBuilder&&) noexcept;
  RecordBatchBuilder& operator=(RecordBatchBuilder&&) noexcept;

  // The record, copied, so that the caller can fill in what its body says
  // (trace, severity). Valid until the next Add() or Seal().
  LogRecord& Add(const RecordDraft& draft);

  // Where the batch begins to need `source`; nullopt: not at all so far.
  std::optional<std::uint64_t> NeededFrom(SourceId source) const noexcept;
  // The smallest begin per source counts. `head` makes the records' uids.
  void Need(const Hold& hold, const Marker& head);

  bool empty() const noexcept;
  std::size_t records() const noexcept;
  std::size_t body_bytes() const noexcept;
  std::size_t memory_bytes() const noexcept;
  const PodResourceRef& resource() const noexcept;

  // REQUIRES: not empty(), and every source of a record is needed.
  RecordBatchRef Seal(BatchSequence sequence);

 private:
  std::unique_ptr<RecordBatch::Impl> impl_;
};

}  // namespace podtail
#endif
