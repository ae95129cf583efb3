// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_RECORD_RECORD_BATCH_IMPL_H_
#define PODTAIL_ENGINE_RECORD_RECORD_BATCH_IMPL_H_
// What a RecordBatch owns; shared by the batch and its builder only.
#include <vector>

#include "engine/base/arena.h"
#include "podtail/record_batch.h"

namespace podtail {

struct RecordBatch::Impl {
  struct Need {
    Hold hold;
    Marker head;
  };

  BatchSequence sequence{};
  Lane lane{};
  PodResourceRef resource;
  Arena arena;
  std::vector<LogRecord> records;
  // Records point into `pieces` once it no longer grows; until then the number
  // of each record's pieces is kept beside it.
  std::vector<Piece> pieces;
  std::vector<std::uint32_t> piece_counts;
  std::vector<Hold> holds;  // filled when sealed
  std::vector<Need> needs;  // one or two
  std::size_t body_bytes = 0;

  std::size_t memory_bytes() const noexcept {
    return sizeof(*this) + arena.memory_bytes() + records.capacity() * sizeof(LogRecord) +
           pieces.capacity() * sizeof(Piece) +
           piece_counts.capacity() * sizeof(piece_counts.front()) +
           holds.capacity() * sizeof(Hold) + needs.capacity() * sizeof(Need);
  }
};

}  // namespace podtail
#endif
