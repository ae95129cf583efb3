// SPDX-License-Identifier: Apache-2.0
#include "podtail/record_batch.h"

#include "engine/base/check.h"
#include "engine/base/hash.h"
#include "engine/record/record_batch_impl.h"

namespace podtail {
namespace {

// Fixed width and big-endian, so that the hashed bytes are the same everywhere.
template <class T>
void AppendNumber(T value, std::string* out) {
  for (std::size_t i = sizeof(T); i-- > 0;) {
    out->push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF));
  }
}

void AppendText(std::string_view text, std::string* out) {
  AppendNumber(static_cast<std::uint32_t>(text.size()), out);
  out->append(text);
}

}  // namespace

RecordBatch::RecordBatch(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
RecordBatch::~RecordBatch() = default;

BatchSequence RecordBatch::sequence() const noexcept {
  return impl_->sequence;
}
const Lane& RecordBatch::lane() const noexcept {
  return impl_->lane;
}
const PodResource& RecordBatch::resource() const noexcept {
  return *impl_->resource;
}
std::span<const LogRecord> RecordBatch::records() const noexcept {
  return impl_->records;
}
std::size_t RecordBatch::body_bytes() const noexcept {
  return impl_->body_bytes;
}
std::size_t RecordBatch::memory_bytes() const noexcept {
  return impl_->memory_bytes();
}
std::span<const Hold> RecordBatch::holds() const noexcept {
  return impl_->holds;
}

std::array<std::uint8_t, 16> RecordBatch::uid(std::size_t record) const noexcept {
  PODTAIL_DCHECK(record < impl_->records.size());
  const LogRecord& log = impl_->records[record];
  const Piece& first = log.pieces.front();
  Marker head;
  for (const Impl::Need& need : impl_->needs) {
    if (need.hold.source == first.source) head = need.head;
  }
  std::string bytes;
  AppendText(impl_->resource->pod_uid, &bytes);
  AppendText(impl_->resource->container_name, &bytes);
  AppendNumber(impl_->resource->restart_count, &bytes);
  AppendText({reinterpret_cast<const char*>(head.hash.data()), head.hash.size()}, &bytes);
  AppendNumber(head.bytes, &bytes);
  AppendNumber(first.extent.begin, &bytes);
  AppendNumber(log.part, &bytes);
  return HashBytes(bytes);
}

}  // namespace podtail
