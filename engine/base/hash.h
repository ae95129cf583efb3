// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_BASE_HASH_H_
#define PODTAIL_ENGINE_BASE_HASH_H_
// The hash behind markers and record uids: XXH3, 128 bits. Its values are
// stored on disk and sent to sinks, so it never changes.
#include <array>
#include <cstdint>
#include <string_view>

namespace podtail {

using Hash128 = std::array<std::uint8_t, 16>;  // canonical (big-endian) byte order

Hash128 HashBytes(std::string_view bytes) noexcept;
std::uint64_t HashBytes64(std::string_view bytes) noexcept;

}  // namespace podtail
#endif
