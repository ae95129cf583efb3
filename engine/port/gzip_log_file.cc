// SPDX-License-Identifier: Apache-2.0
#include "engine/port/gzip_log_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace podtail {
namespace {

// What one call of the inflater may write into the ring; the rest of it is history.
constexpr std::size_t kStepBytesMax = std::size_t{64} * 1024;
constexpr std::size_t kRingBytes = GzipLogFile::kHistoryBytes + kStepBytesMax;
constexpr std::size_t kInputBytes = std::size_t{32} * 1024;
// zlib keeps a window of its own and copies it in every call: small reads decode
// ahead rather than pay for it each time.
constexpr std::size_t kReadAheadBytes = std::size_t{32} * 1024;
// Header, the shortest deflate stream, checksum and length.
constexpr std::uint64_t kMemberBytesMin = 10 + 2 + 8;

}  // namespace

GzipLogFile::GzipLogFile(std::unique_ptr<LogFile> compressed)
    : compressed_(std::move(compressed)) {}

void GzipLogFile::Restart() {
  place_ = Place::kStart;
  end_ = End::kNotReached;
  decoded_ = 0;
  compressed_at_ = 0;
  idle_bytes_ = 0;
  input_ = {};
}

void GzipLogFile::Release() {
  Restart();
  buffers_.reset();
  inflater_ = {};
}

bool GzipLogFile::InHistory(std::uint64_t offset) const noexcept {
  return offset >= decoded_ || decoded_ - offset <= kHistoryBytes;
}

Expected<bool> GzipLogFile::Fill() {
  if (!input_.empty()) return true;
  if (buffers_ == nullptr)
    buffers_ = std::make_unique_for_overwrite<char[]>(kRingBytes + kInputBytes);
  const std::span<char> into(buffers_.get() + kRingBytes, kInputBytes);
  const auto got = compressed_->ReadAt(compressed_at_, into);
  if (!got) return Unexpected(got.error());
  compressed_at_ += *got;
  input_ = std::string_view(into.data(), *got);
  return *got != 0;
}

bool GzipLogFile::EnterNext() {
  if (place_ == Place::kMember) return true;
  if (place_ != Place::kStart && input_.front() == '\0') place_ = Place::kZeroes;
  if (place_ == Place::kZeroes) {
    input_.remove_prefix(std::min(input_.find_first_not_of('\0'), input_.size()));
    if (!input_.empty()) end_ = End::kCorrupt;  // garbage, a member included
    return false;
  }
  // The inflater says whether it is a member at all.
  inflater_.Begin();
  place_ = Place::kMember;
  return true;
}

Expected<std::size_t> GzipLogFile::Step(std::size_t bytes_max) {
  if (end_ == End::kCorrupt) return {0};
  const auto filled = Fill();
  if (!filled) return Unexpected(filled.error());
  const std::uint64_t decoded_before = decoded_;
  const std::size_t input_before = input_.size();
  end_ = End::kNotReached;
  // Without input too: the inflater may know more bytes than there was room for.
  if ((*filled && EnterNext()) || (!*filled && place_ == Place::kMember)) {
    if (!Decode(bytes_max)) {
      Restart();
      return Unexpected(Status(StatusCode::kResourceExhausted, "decompress: no memory"));
    }
  }
  const std::size_t consumed = input_before - input_.size();
  if (decoded_ != decoded_before) {
    idle_bytes_ = 0;
    return consumed;
  }
  idle_bytes_ += consumed;
  if (idle_bytes_ > kIdleBytesMax) end_ = End::kCorrupt;
  if (!*filled && end_ == End::kNotReached) {
    const bool whole = place_ == Place::kBetween || place_ == Place::kZeroes;
    end_ = whole ? End::kClean : End::kTruncated;
  }
  return consumed;
}

bool GzipLogFile::Decode(std::size_t bytes_max) {
  const auto at = static_cast<std::size_t>(decoded_ % kRingBytes);
  const std::size_t room = std::min({bytes_max, kStepBytesMax, kRingBytes - at});
  const auto step = inflater_.Decode(input_, {buffers_.get() + at, room});
  decoded_ += step.produced;
  input_.remove_prefix(step.consumed);
  if (step.outcome == Inflater::Outcome::kMemberEnd) place_ = Place::kBetween;
  if (step.outcome == Inflater::Outcome::kCorrupt) end_ = End::kCorrupt;
  return step.outcome != Inflater::Outcome::kNoMemory;
}

void GzipLogFile::Copy(std::uint64_t offset, std::span<char> into) const {
  const auto at = static_cast<std::size_t>(offset % kRingBytes);
  const std::size_t first = std::min(into.size(), kRingBytes - at);
  std::memcpy(into.data(), buffers_.get() + at, first);
  std::memcpy(into.data() + first, buffers_.get(), into.size() - first);
}

Expected<std::size_t> GzipLogFile::ReadAt(std::uint64_t offset, std::span<char> into) {
  if (into.empty()) return {0};
  if (!InHistory(offset)) Restart();
  std::size_t copied = 0;
  while (copied < into.size()) {
    const std::uint64_t at = offset + copied;
    if (at < decoded_) {
      // Copied at once after each step, so that it is still in the history.
      const auto bytes =
          static_cast<std::size_t>(std::min<std::uint64_t>(decoded_ - at, into.size() - copied));
      Copy(at, into.subspan(copied, bytes));
      copied += bytes;
      continue;
    }
    const auto wanted =
        std::max<std::uint64_t>(at - decoded_ + (into.size() - copied), kReadAheadBytes);
    const std::uint64_t before = decoded_;
    const auto step =
        Step(static_cast<std::size_t>(std::min<std::uint64_t>(wanted, kStepBytesMax)));
    if (!step) return Unexpected(step.error());
    if (decoded_ == before && end_ != End::kNotReached) break;
  }
  return copied;
}

Expected<bool> GzipLogFile::Advance(std::uint64_t offset, std::size_t bytes_max) {
  if (!InHistory(offset)) Restart();
  std::uint64_t spent = 0;
  while (offset > decoded_) {
    if (spent >= bytes_max) return false;
    const std::uint64_t before = decoded_;
    const std::uint64_t wanted = std::min<std::uint64_t>(offset - decoded_, bytes_max - spent);
    const auto step =
        Step(static_cast<std::size_t>(std::min<std::uint64_t>(wanted, kStepBytesMax)));
    if (!step) return Unexpected(step.error());
    if (decoded_ == before && end_ != End::kNotReached) return true;
    spent += std::max<std::uint64_t>(decoded_ - before, *step);
  }
  return true;
}

Expected<FileStat> GzipLogFile::Stat() {
  return compressed_->Stat();
}

Expected<std::optional<std::uint32_t>> GzipLogFile::TrailerSize() {
  const auto stat = compressed_->Stat();
  if (!stat) return Unexpected(stat.error());
  if (stat->size < kMemberBytesMin) return {std::nullopt};
  std::array<char, 4> bytes{};
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto got =
        compressed_->ReadAt(stat->size - bytes.size() + filled, std::span(bytes).subspan(filled));
    if (!got) return Unexpected(got.error());
    if (*got == 0) return {std::nullopt};  // shorter by now
    filled += *got;
  }
  std::uint32_t size = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    size = size << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return {size};
}

}  // namespace podtail
