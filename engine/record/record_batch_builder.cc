// SPDX-License-Identifier: Apache-2.0
#include "engine/record/record_batch_builder.h"

#include <functional>

#include "engine/base/check.h"
#include "engine/record/record_batch_impl.h"

namespace podtail {
namespace {

bool Within(std::string_view part, std::string_view whole) {
  const std::less_equal<const char*> not_behind;
  return not_behind(whole.data(), part.data()) &&
         not_behind(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

RecordBatchBuilder::RecordBatchBuilder(Lane lane, PodResourceRef resource)
    : impl_(std::make_unique<RecordBatch::Impl>()) {
  impl_->lane = lane;
  impl_->resource = std::move(resource);
}
RecordBatchBuilder::~RecordBatchBuilder() = default;
RecordBatchBuilder::RecordBatchBuilder(RecordBatchBuilder&&) noexcept = default;
RecordBatchBuilder& RecordBatchBuilder::operator=(RecordBatchBuilder&&) noexcept = default;

LogRecord& RecordBatchBuilder::Add(const RecordDraft& draft) {
  PODTAIL_DCHECK(!draft.pieces.empty());
  const PaddedView raw = impl_->arena.Copy(draft.raw);
  // A view of the caller's line becomes the same view of the copy.
  const auto rebase = [&](std::string_view view) {
    return view.empty()
               ? PaddedView()
               : raw.Narrow(raw.view().substr(
                     static_cast<std::size_t>(view.data() - draft.raw.data()), view.size()));
  };
  PODTAIL_DCHECK(draft.time_text.empty() || Within(draft.time_text, draft.raw));
  LogRecord record{};
  record.raw = raw.view();
  record.time_text = rebase(draft.time_text).view();
  record.body = draft.body.empty() || Within(draft.body, draft.raw) ? rebase(draft.body)
                                                                    : impl_->arena.Copy(draft.body);
  record.time = draft.time;
  record.part = draft.part;
  record.stream = draft.stream;
  record.flags = draft.flags;
  impl_->pieces.insert(impl_->pieces.end(), draft.pieces.begin(), draft.pieces.end());
  impl_->piece_counts.push_back(static_cast<std::uint32_t>(draft.pieces.size()));
  impl_->body_bytes += draft.body.size();
  return impl_->records.emplace_back(record);
}

std::optional<std::uint64_t> RecordBatchBuilder::NeededFrom(SourceId source) const noexcept {
  for (const RecordBatch::Impl::Need& need : impl_->needs) {
    if (need.hold.source == source) return need.hold.begin.offset;
  }
  return std::nullopt;
}

void RecordBatchBuilder::Need(const Hold& hold, const Marker& head) {
  for (RecordBatch::Impl::Need& need : impl_->needs) {
    if (need.hold.source != hold.source) continue;
    if (hold.begin.offset < need.hold.begin.offset) need.hold = hold;
    return;
  }
  impl_->needs.push_back({hold, head});
}

bool RecordBatchBuilder::empty() const noexcept {
  return impl_->records.empty();
}
std::size_t RecordBatchBuilder::records() const noexcept {
  return impl_->records.size();
}
std::size_t RecordBatchBuilder::body_bytes() const noexcept {
  return impl_->body_bytes;
}
std::size_t RecordBatchBuilder::memory_bytes() const noexcept {
  return impl_->memory_bytes();
}
const PodResourceRef& RecordBatchBuilder::resource() const noexcept {
  return impl_->resource;
}

RecordBatchRef RecordBatchBuilder::Seal(BatchSequence sequence) {
  PODTAIL_DCHECK(!empty());
  auto next = std::make_unique<RecordBatch::Impl>();
  next->lane = impl_->lane;
  next->resource = impl_->resource;
  std::unique_ptr<RecordBatch::Impl> sealed = std::move(impl_);
  impl_ = std::move(next);

  sealed->sequence = sequence;
  std::size_t first = 0;
  for (std::size_t i = 0; i < sealed->records.size(); ++i) {
    const std::size_t count = sealed->piece_counts[i];
    sealed->records[i].pieces = std::span<const Piece>(sealed->pieces).subspan(first, count);
    first += count;
  }
  sealed->piece_counts = {};
  sealed->holds.reserve(sealed->needs.size());
  for (const RecordBatch::Impl::Need& need : sealed->needs) sealed->holds.push_back(need.hold);
  return RecordBatchRef(new RecordBatch(std::move(sealed)));
}

}  // namespace podtail
