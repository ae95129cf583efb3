// SPDX-License-Identifier: Apache-2.0
#include "engine/base/arena.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace podtail {
namespace {

constexpr std::size_t kBlockBytesMax = 64 * 1024;

}  // namespace

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this == &other) return *this;
  blocks_ = std::exchange(other.blocks_, {});
  block_bytes_ = std::exchange(other.block_bytes_, 0);
  next_block_bytes_ = std::exchange(other.next_block_bytes_, kFirstBlockBytes);
  free_ = std::exchange(other.free_, nullptr);
  free_bytes_ = std::exchange(other.free_bytes_, 0);
  return *this;
}

PaddedView Arena::Copy(std::string_view bytes) {
  if (bytes.empty()) return {};
  char* place = Allocate(bytes.size());
  std::memcpy(place, bytes.data(), bytes.size());
  return {kAssumePadded, std::string_view(place, bytes.size())};
}

char* Arena::Allocate(std::size_t bytes) {
  if (bytes > free_bytes_) {
    const std::size_t size = std::max(bytes, next_block_bytes_);
    // The padding is zeroed: a reader that runs past the end reads defined bytes.
    auto block = std::make_unique_for_overwrite<char[]>(size + kPadding);
    std::memset(block.get() + size, 0, kPadding);
    char* place = block.get();
    blocks_.push_back(std::move(block));
    block_bytes_ += size + kPadding;
    const bool shared = bytes <= next_block_bytes_;
    next_block_bytes_ = std::min(2 * next_block_bytes_, kBlockBytesMax);
    if (!shared) return place;  // what is left of the last block stays in use
    free_ = place;
    free_bytes_ = size;
  }
  char* place = free_;
  free_ += bytes;
  free_bytes_ -= bytes;
  return place;
}

}  // namespace podtail
