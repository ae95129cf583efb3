// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_BASE_ARENA_H_
#define PODTAIL_ENGINE_BASE_ARENA_H_
// Memory that grows and is freed as a whole.
//
//   | block, 512 bytes | block, 1 KiB | block, 2 KiB | ... at most 64 KiB |
//   | a copy that is larger than the next block would be: a block of its own |
//
// What was allocated never moves. Every byte stays readable for kPadding bytes
// behind it (padded_view.h). Blocks double, so that 10,000 nearly empty arenas
// cost little; what a block has left is lost only to a copy that did not fit.
// Not thread-safe.
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "podtail/padded_view.h"

namespace podtail {

class Arena {
 public:
  Arena() = default;
  // What was moved from is empty and may be used again.
  Arena(Arena&& other) noexcept { *this = std::move(other); }
  Arena& operator=(Arena&& other) noexcept;

  // The copy lives as long as the arena.
  PaddedView Copy(std::string_view bytes);
  // Exactly what has been allocated from the heap.
  std::size_t memory_bytes() const noexcept {
    return block_bytes_ + blocks_.capacity() * sizeof(blocks_[0]);
  }

 private:
  static constexpr std::size_t kFirstBlockBytes = 512;

  char* Allocate(std::size_t bytes);

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_bytes_ = 0;
  std::size_t next_block_bytes_ = kFirstBlockBytes;
  char* free_ = nullptr;        // in the newest block that is shared
  std::size_t free_bytes_ = 0;  // the padding behind the block not included
};

}  // namespace podtail
#endif
