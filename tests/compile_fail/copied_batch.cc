// SPDX-License-Identifier: Apache-2.0
// A batch owns its arena and is shared, not copied.
// refused: deleted
#include "podtail/record_batch.h"

std::size_t Use(const podtail::RecordBatchRef& batch) {
#ifdef PODTAIL_MISTAKE
  const podtail::RecordBatch copy = *batch;
  return copy.records().size();
#else
  const podtail::RecordBatch& same = *batch;
  return same.records().size();
#endif
}
