// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "engine/base/check.h"
#include "engine/tail/file_identity.h"
#include "engine/tail/tail_output_impl.h"

namespace podtail {

TailOutput::TailOutput() : impl_(std::make_unique<Impl>()) {}
TailOutput::~TailOutput() = default;

std::span<const SourceOpened> TailOutput::opened() const noexcept {
  return impl_->opened;
}
std::span<const SourceBegan> TailOutput::began() const noexcept {
  return impl_->began;
}
std::span<const TailedLine> TailOutput::lines() const noexcept {
  return impl_->lines;
}
std::span<const Gap> TailOutput::gaps() const noexcept {
  return impl_->gaps;
}
std::span<const SourceClosed> TailOutput::closed() const noexcept {
  return impl_->closed;
}
std::span<const FileIdentity> TailOutput::vanished() const noexcept {
  return impl_->vanished;
}

ResumePoint TailOutput::Before(const TailedLine& line) const noexcept {
  PODTAIL_DCHECK(line.begins);
  const char* const place = line.bytes.view().data();
  return impl_->PointAt(place, place, line.extent.begin);
}

ResumePoint TailOutput::After(const TailedLine& line) const noexcept {
  // The extent counts the '\n', which stands behind the bytes in the buffer.
  const char* const place = line.bytes.view().data() + (line.extent.end - line.extent.begin);
  // Where the next chunk begins this one has ended: its last byte is surely its own.
  return impl_->PointAt(place - 1, place, line.extent.end);
}

void TailOutput::Impl::Clear() {
  opened.clear();
  began.clear();
  lines.clear();
  gaps.clear();
  closed.clear();
  vanished.clear();
  chunks.clear();
}

ResumePoint TailOutput::Impl::PointAt(const char* inside, const char* place,
                                      std::uint64_t offset) const {
  auto chunk = std::upper_bound(chunks.begin(), chunks.end(), inside,
                                [](const char* at, const Chunk& c) { return at < c.data; });
  PODTAIL_DCHECK(chunk != chunks.begin());
  --chunk;
  PODTAIL_DCHECK(chunk->offset + static_cast<std::uint64_t>(place - chunk->data) == offset);
  ResumePoint point;
  point.offset = offset;
  point.tail = TailMarker(place, offset - chunk->offset);
  return point;
}

}  // namespace podtail
