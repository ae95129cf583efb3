// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_TAIL_TAIL_OUTPUT_IMPL_H_
#define PODTAIL_ENGINE_TAIL_TAIL_OUTPUT_IMPL_H_
// What one Poll() found; filled by the tailer, read through TailOutput.
#include <vector>

#include "podtail/tailer.h"

namespace podtail {

struct TailOutput::Impl {
  // A stretch of one source in the read buffer; lines lie in it one behind the
  // other, and at least the 256 bytes before its first line are there too.
  struct Chunk {
    const char* data;
    std::uint64_t offset;  // of data[0] in the source
  };

  std::vector<SourceOpened> opened;
  std::vector<SourceBegan> began;
  std::vector<TailedLine> lines;
  std::vector<Gap> gaps;
  std::vector<SourceClosed> closed;
  std::vector<FileIdentity> vanished;
  std::vector<Chunk> chunks;  // by address

  void Clear();
  // `inside` tells the chunk: a byte of the line that lies before or at `place`.
  ResumePoint PointAt(const char* inside, const char* place, std::uint64_t offset) const;
};

}  // namespace podtail
#endif
