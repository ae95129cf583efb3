// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_RECORD_BATCH_H_
#define PODTAIL_RECORD_BATCH_H_
// The unit of export, of acknowledgement and of memory: records of one lane.
//
// Bytes are copied once, from the read buffer into the arena that the batch
// owns; its records are views into that. A sealed batch is immutable, keeps
// nothing else alive, and dropping the last RecordBatchRef frees all of it at
// once. Reading a sealed batch is safe from any thread.
//
//   arena   | line | line | body joined of three lines | line | ...
//   records   ^raw, body, time_text: views into it
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include "podtail/export.h"
#include "podtail/hold.h"
#include "podtail/lane.h"
#include "podtail/log_record.h"
#include "podtail/pod_resource.h"
namespace podtail {

// Made by the engine, read by exporters. Not copied: share the reference.
class PODTAIL_EXPORT RecordBatch {
 public:
  RecordBatch(const RecordBatch&) = delete;
  RecordBatch& operator=(const RecordBatch&) = delete;
  ~RecordBatch();
  // What a Delivery names. Given anew after a restart.
  BatchSequence sequence() const noexcept;
  const Lane& lane() const noexcept;  // of all its records
  // One for all records: a container's restart seals its batches.
  const PodResource& resource() const noexcept;
  std::span<const LogRecord> records() const noexcept;  // in the lane's order, never empty
  std::size_t body_bytes() const noexcept;              // sum of bodies
  std::size_t memory_bytes() const noexcept;            // exactly what it has allocated
  // At most one per source; a record joined across a rotation gives two.
  std::span<const Hold> holds() const noexcept;
  // log.record.uid: hashes pod uid, container, restart count, the file's head
  // marker, the record's first offset and its part, so that a receiver can tell
  // a repeated record, and never takes two containers' equal first lines for one.
  std::array<std::uint8_t, 16> uid(std::size_t record) const noexcept;

  struct Impl;

 private:
  friend class RecordBatchBuilder;
  explicit RecordBatch(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};
// Any thread may hold and drop one; the last drop frees the arena.
using RecordBatchRef = std::shared_ptr<const RecordBatch>;

}  // namespace podtail
#endif
