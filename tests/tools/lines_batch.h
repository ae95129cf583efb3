// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_TOOLS_LINES_BATCH_H_
#define PODTAIL_TESTS_TOOLS_LINES_BATCH_H_
// Batches for exporters: given bodies, nothing else of interest.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/record/record_batch_builder.h"
#include "podtail/record_text.h"

namespace podtail {

inline RecordBatchRef BatchOf(std::uint64_t sequence, const std::vector<std::string>& bodies) {
  PodResource resource;
  resource.container_name = "web";
  RecordBatchBuilder builder(Lane{}, std::make_shared<const PodResource>(std::move(resource)));
  std::uint64_t offset = 0;
  for (const std::string& body : bodies) {
    const Piece piece{SourceId{1}, {offset, offset + body.size()}, body.size()};
    RecordDraft draft;
    draft.raw = body;
    draft.body = body;
    draft.pieces = {&piece, 1};
    builder.Add(draft);
    offset += body.size();
  }
  builder.Need(Hold{SourceId{1}, {}}, Marker{});
  return builder.Seal(BatchSequence{sequence});
}

// The lines that an exporter must make of it.
inline std::string TextOf(const RecordBatch& batch) {
  std::string text;
  for (std::size_t i = 0; i < batch.records().size(); ++i) AppendRecordText(batch, i, {}, &text);
  return text;
}

}  // namespace podtail
#endif
