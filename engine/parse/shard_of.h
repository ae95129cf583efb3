// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PARSE_SHARD_OF_H_
#define PODTAIL_ENGINE_PARSE_SHARD_OF_H_
// Which of `count` shards a pod belongs to. The tailer deals out files by it and
// the state directory checkpoints, so both must ask here.
#include <cstdint>
#include <string_view>

#include "engine/base/hash.h"

namespace podtail {

// REQUIRES: count > 0.
inline std::uint32_t ShardOf(std::string_view pod_uid, std::uint32_t count) noexcept {
  return count == 1 ? 0 : static_cast<std::uint32_t>(HashBytes64(pod_uid) % count);
}

}  // namespace podtail
#endif
