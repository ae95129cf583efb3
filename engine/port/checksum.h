// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_CHECKSUM_H_
#define PODTAIL_ENGINE_PORT_CHECKSUM_H_
// CRC-32 as gzip, zlib and PNG use it (polynomial 0xEDB88320, reflected). It
// finds every error within 32 consecutive bits, so every changed byte.
// Its values are stored on disk. Pure; any thread; about 1 GB/s.
#include <cstdint>
#include <string_view>

namespace podtail {

// `before` is the checksum of the bytes in front: Crc32(b, Crc32(a)) == Crc32(ab).
std::uint32_t Crc32(std::string_view bytes, std::uint32_t before = 0) noexcept;

}  // namespace podtail
#endif
